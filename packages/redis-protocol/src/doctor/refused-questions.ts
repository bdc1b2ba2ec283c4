// What a server refused to tell, for want of a right. Each such question leaves an entry in its ACL log, so an examination asks one
// of them again, and all where that one is answered: rights are given together, mostly.
import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";

/** By server and question. Keep it for as long as examinations are repeated. */
export type RefusedQuestions = Map<string, unknown>;

/** The server's error, and when it came. */
class Refusal {
  readonly atMs: number = performance.now();
  constructor(readonly error: unknown) {}
}

/** For so long nothing is asked again: where connections are lost in turn, one examination follows the other. */
const LEAST_MS = 240_000;
/** After so long each question is asked again, also where the one whose turn it is is not asked any more. */
const ASK_AGAIN_MS = 3_600_000;

/** What a server tells of itself. A right that the stores need is asked for each time: it may have been given since. */
const FACTS = new Set(["INFO", "CONFIG", "ACL", "CLUSTER", "SENTINEL", "TIME"]);
const isFact = ([name = "", subcommand = ""]: readonly string[]) => FACTS.has(name) && subcommand !== "SLOTS";

const keyOf = (server: string, words: readonly string[]) => JSON.stringify([server, ...words]);

/**
 * For one examination of a server. Rejects at once with the error that a question had before, but for the one whose refusal is the
 * oldest.
 */
export function askingOnce(ask: AskServer, server: string, refused: RefusedQuestions): AskServer {
  const ofServer = () => [...refused.keys()].filter((question) => question.startsWith(keyOf(server, []).slice(0, -1)));
  const isDue = (question: string, afterMs: number) => {
    const refusal = refused.get(question);
    return refusal instanceof Refusal && performance.now() - refusal.atMs >= afterMs;
  };
  // The oldest: a map keeps the order in which they came.
  const turn = ofServer().find((question) => isDue(question, LEAST_MS));
  return async (...words) => {
    if (!isFact(words)) return ask(...words);
    const question = keyOf(server, words);
    const before = refused.get(question);
    const isTurn = question === turn || isDue(question, ASK_AGAIN_MS);
    if (before instanceof Refusal && !isTurn) throw before.error;
    refused.delete(question);
    try {
      const answer = await ask(...words);
      if (before !== undefined) for (const each of ofServer()) refused.delete(each);
      return answer;
    } catch (error) {
      if (errorWord(error) === "NOPERM") refused.set(question, new Refusal(error));
      throw error;
    }
  };
}
