// What a server refused to tell, for want of a right. Each such question leaves an entry in its ACL log, so that it is asked once.
import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";

/** The server's error, by server and question. Keep it for as long as examinations are repeated. */
export type RefusedQuestions = Map<string, unknown>;

/** What a server tells of itself. A right that the stores need is asked for each time: it may have been given since. */
const FACTS = new Set(["INFO", "CONFIG", "ACL", "CLUSTER", "TIME"]);

/** Rejects at once with the error that the question had before. */
export function askingOnce(ask: AskServer, server: string, refused: RefusedQuestions): AskServer {
  return async (...words) => {
    if (!FACTS.has(words[0] ?? "")) return ask(...words);
    const question = JSON.stringify([server, ...words]);
    if (refused.has(question)) throw refused.get(question);
    try {
      return await ask(...words);
    } catch (error) {
      if (errorWord(error) === "NOPERM") refused.set(question, error);
      throw error;
    }
  };
}
