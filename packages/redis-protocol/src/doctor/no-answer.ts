// A question that got no answer: neither a reply nor an error of the server.
import { isStoreError } from "@tollbooth-stores/core";
import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";

/** Its message names the question, and never a key. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  /** The command that was not answered, e.g. "CONFIG GET". */
  readonly command: string;
  /** Whether the time was over. False: the connection was lost before. */
  readonly isLate: boolean;

  constructor({ command, isLate, limitMs }: { command: string; isLate: boolean; limitMs: number }, cause: unknown) {
    const late = `This server did not answer ${command} within ${limitMs} ms.`;
    super(isLate ? late : `The connection was lost before this server answered ${command}.`, { cause });
    this.command = command;
    this.isLate = isLate;
  }
}

/** Commands whose second word says what they do. */
const CONTAINERS = new Set(["ACL", "CLUSTER", "CONFIG", "MEMORY", "SENTINEL"]);
/** A timer may fire so many milliseconds early. */
const EARLY_MS = 5;

/** Rejects with `NoAnswer` where there is none. `limitMs`: the deadline that `ask` has for each question, in milliseconds. */
export function namingSilence(ask: AskServer, limitMs: number): AskServer {
  return async (...words) => {
    const sentAt = performance.now();
    try {
      return await ask(...words);
    } catch (error) {
      if (isStoreError(error) || errorWord(error) !== undefined) throw error;
      const command = words.slice(0, CONTAINERS.has(words[0] ?? "") ? 2 : 1).join(" ");
      const isLate = performance.now() - sentAt >= limitMs - EARLY_MS;
      throw new NoAnswer({ command, isLate, limitMs }, error);
    }
  };
}
