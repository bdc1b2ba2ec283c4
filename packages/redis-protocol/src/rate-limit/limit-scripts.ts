// The scripts of the rate limits: one for each operation and algorithm, put together from the algorithm's parts.
import type { Limit } from "@tollbooth-stores/core/native";
import guard from "../scripts/guard.lua";
import { bare, flatScript, type Script } from "../scripts/script.ts";
import fixedWindow from "./fixed-window.lua";
import limitCall from "./limit-call.lua";
import operations from "./operations.lua";
import slidingWindow from "./sliding-window.lua";
import tokenBucket from "./token-bucket.lua";

/** Calls for many keys of one limit travel in one of these. */
export type LimitOperation = "consume" | "peek" | "charge";

type Algorithm = Limit["algorithm"];

const parts: Readonly<Record<Algorithm, string>> = {
  "fixed-window": fixedWindow,
  "sliding-window": slidingWindow,
  "token-bucket": tokenBucket,
};

/** The parts of a Lua file by their names. A part begins with a line `--# name`. */
function partsOf(source: string): Map<string, string> {
  const named = source.split(/^--# /m).slice(1);
  return new Map(named.map((part) => [/^\w+/.exec(part)?.[0] ?? "", bare(part.replace(/^.*\n/, ""))]));
}

/** Puts parts in the place of `${name}`, also within parts. */
function filled(text: string, known: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const part = known.get(name);
    if (part === undefined) throw new Error(`There is no part ${name}.`);
    return filled(part.trimEnd(), known);
  });
}

function limitScript(operation: LimitOperation, algorithm: Algorithm): Script {
  const known = new Map([...partsOf(operations), ...partsOf(parts[algorithm]), ["guard", bare(guard)]]);
  known.set("operation", known.get(operation) ?? "");
  return flatScript(`rate-limit.${operation}.${algorithm}`, filled(limitCall, known));
}

function scriptsOf(operation: LimitOperation): Readonly<Record<Algorithm, Script>> {
  return {
    "fixed-window": limitScript(operation, "fixed-window"),
    "sliding-window": limitScript(operation, "sliding-window"),
    "token-bucket": limitScript(operation, "token-bucket"),
  };
}

export const limitScripts: Readonly<Record<LimitOperation, Readonly<Record<Algorithm, Script>>>> = {
  consume: scriptsOf("consume"),
  peek: scriptsOf("peek"),
  charge: scriptsOf("charge"),
};
