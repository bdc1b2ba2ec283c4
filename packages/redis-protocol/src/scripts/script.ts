// A store's script: prelude and operations in one source, with the SHA-1 by which servers know it.
import { createHash } from "node:crypto";
import prelude from "./prelude.lua";

export interface Script {
  readonly name: "rate-limit" | "session" | "verification" | "check-writes";
  readonly source: string;
  readonly sha1: string;
}

/** Comments and indentation are for readers. Servers get the source without them. */
export function bare(source: string): string {
  return source.replace(/^[ \t]*(--.*)?\n/gm, "").replace(/^[ \t]+/gm, "");
}

export function script(name: Script["name"], operations: string): Script {
  const source = bare(`${prelude}\n${operations}`);
  return { name, source, sha1: createHash("sha1").update(source).digest("hex") };
}
