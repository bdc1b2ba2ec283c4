// A store's script: prelude and operations in one source, with the SHA-1 by which servers know it.
import { createHash } from "node:crypto";
import guard from "./guard.lua";
import instant from "./instant.lua";
import prelude from "./prelude.lua";
import writableReplica from "./writable-replica.lua";

export interface Script {
  /** E.g. "session" or, for a script of one operation, "session.touch". */
  readonly name: string;
  readonly source: string;
  readonly sha1: string;
}

/** Comments and indentation are for readers. Servers get the source without them. */
export function bare(source: string): string {
  return source.replace(/^[ \t]*(--.*)?\n/gm, "").replace(/^[ \t]+/gm, "");
}

/** A script of several calls: the prelude and these pieces, in this order. The last one ends in `return answer(...)`. */
export function script(name: string, ...pieces: readonly string[]): Script {
  return flatScript(name, guard, prelude, ...pieces);
}

/** The first argument of a call whose server is to prove that it is no replica that takes writes; other calls have the instant there. */
export const ASKS_ROLE = "role";

/** Within the condition, so that other calls do not make the function. */
const roleWhereAsked = [
  `if ARGV[1] == '${ASKS_ROLE}' then`,
  writableReplica,
  "local refused = writableReplica()",
  "if refused then return refused end",
  "end",
].join("\n");

/** A script that reads its arguments and writes its reply itself: these pieces alone, after the instant. */
export function flatScript(name: string, ...pieces: readonly string[]): Script {
  const source = bare([roleWhereAsked, instant, ...pieces].join("\n"));
  return { name, source, sha1: createHash("sha1").update(source).digest("hex") };
}
