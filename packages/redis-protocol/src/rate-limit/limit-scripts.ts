// The scripts of the rate limits: one for each operation and algorithm, put together from the algorithm's parts.
import { algorithmTag, type Limit } from "@tollbooth-stores/core/native";
import guard from "../scripts/guard.lua";
import { bare, flatScript, type Script } from "../scripts/script.ts";
import consumeAll from "./consume-all.lua";
import fixedWindow from "./fixed-window.lua";
import limitCall from "./limit-call.lua";
import operations from "./operations.lua";
import reset from "./reset.lua";
import slidingWindow from "./sliding-window.lua";
import tokenBucket from "./token-bucket.lua";

type Algorithm = Limit["algorithm"];
type Parts = ReadonlyMap<string, string>;
type Scripts = Readonly<Record<Algorithm, Script>>;

const sources: Readonly<Record<Algorithm, string>> = {
  "fixed-window": fixedWindow,
  "sliding-window": slidingWindow,
  "token-bucket": tokenBucket,
};
const algorithms = ["fixed-window", "sliding-window", "token-bucket"] as const;

/** The parts of a Lua file by their names. A part begins with a line `--# name`. */
function partsOf(source: string): [string, string][] {
  const named = source.split(/^--# /m).slice(1);
  return named.map((part) => [/^\w+/.exec(part)?.[0] ?? "", bare(part.replace(/^.*\n/, ""))]);
}

/** Puts parts in the place of `${name}`, also within parts. */
function filled(text: string, parts: Parts): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const part = parts.get(name);
    if (part === undefined) throw new Error(`There is no part ${name}.`);
    return filled(part.trimEnd(), parts);
  });
}

function partsFor(algorithm: Algorithm): Map<string, string> {
  return new Map([...partsOf(operations), ...partsOf(sources[algorithm]), ["guard", bare(guard)]]);
}

/** `part`: the operation's name in operations.lua. */
function scriptsOf(operation: string, part = operation): Scripts {
  const of = (algorithm: Algorithm) => {
    const parts = partsFor(algorithm);
    return flatScript(
      `rate-limit.${operation}.${algorithm}`,
      filled(limitCall, parts.set("operation", parts.get(part) ?? "")),
    );
  };
  return {
    "fixed-window": of("fixed-window"),
    "sliding-window": of("sliding-window"),
    "token-bucket": of("token-bucket"),
  };
}

/** For scripts that meet several algorithms in one call: the same parts as functions. */
function asFunctions(algorithm: Algorithm): string {
  const functions = `
    read = function(raw, found, limit, window) \${terms}
      \${read}
      return found, \${state} end,
    left = function(limit, window, \${state}) \${terms}
      return \${left} end,
    take = function(limit, window, units, \${state}) \${terms}
      \${take}
      return \${state} end,
    write = function(key, raw, found, blockedUntil, limit, window, units, cost, costText, \${state}) \${terms}
      local written
      \${write}
      return written end,
    reach = function(one) return one.limit${algorithm === "token-bucket" ? " * one.window" : ""} end,`;
  return `${algorithmTag(algorithm)} = {${filled(functions, partsFor(algorithm))}\n},`;
}

/** Calls for many keys of one limit travel in one of these. */
export type LimitOperation = "consume" | "peek" | "charge";

export const limitScripts: Readonly<Record<LimitOperation, Scripts>> = {
  consume: scriptsOf("consume"),
  peek: scriptsOf("peek"),
  charge: scriptsOf("charge"),
};

export const refundScripts: Scripts = scriptsOf("refund");

export const blockScripts: Scripts = scriptsOf("block", "blocking");

export const resetScript: Script = flatScript("rate-limit.reset", reset);

export const consumeAllScript: Script = flatScript(
  "rate-limit.consumeAll",
  filled(
    consumeAll,
    partsFor("fixed-window").set("algorithms", `local ALGORITHMS = {\n${algorithms.map(asFunctions).join("\n")}\n}`),
  ),
);

export const rateLimitScripts: readonly Script[] = [
  ...[...Object.values(limitScripts), refundScripts, blockScripts].flatMap((of) => Object.values(of)),
  resetScript,
  consumeAllScript,
];
