// What a server refused to tell, for want of a right. Each such question leaves an entry in its ACL log, so it is asked once an
// hour at most.
import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";

/** By server and question. Keep it for as long as examinations are repeated. */
export type RefusedQuestions = Map<string, unknown>;

/** The server's error, and when it came. */
class Refusal {
  readonly atMs: number = performance.now();
  constructor(readonly error: unknown) {}
}

/** A right that is given later is noticed by then. */
const ASK_AGAIN_MS = 3_600_000;

/** What a server tells of itself. A right that the stores need is asked for each time: it may have been given since. */
const FACTS = new Set(["INFO", "CONFIG", "ACL", "CLUSTER", "SENTINEL", "TIME"]);
const isFact = ([name = "", subcommand = ""]: readonly string[]) => FACTS.has(name) && subcommand !== "SLOTS";

/** Rejects at once with the error that the question had within the last hour. */
export function askingOnce(ask: AskServer, server: string, refused: RefusedQuestions): AskServer {
  return async (...words) => {
    if (!isFact(words)) return ask(...words);
    const question = JSON.stringify([server, ...words]);
    const before = refused.get(question);
    if (before instanceof Refusal && performance.now() - before.atMs < ASK_AGAIN_MS) throw before.error;
    refused.delete(question);
    try {
      return await ask(...words);
    } catch (error) {
      if (errorWord(error) === "NOPERM") refused.set(question, new Refusal(error));
      throw error;
    }
  };
}
