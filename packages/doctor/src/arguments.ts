// The command line of the doctor.
import { parseArgs } from "node:util";
import { isStoreError, type Resolution } from "@tollbooth-stores/core";
import { prefixWithSuffix } from "@tollbooth-stores/core/native";
import type { ExamineOptions } from "./examine-options.ts";

/** Which warnings give status 1, as errors do: of no check, of all, or of these. */
export type FailOn = "error" | "warning" | readonly string[];

/** What to do, as the arguments say it. */
export type Command = { options: ExamineOptions; json: boolean } & (
  | { name: "examine"; failOn: FailOn }
  | { name: "list" }
  /** `yes`: it is recorded without a question. */
  | { name: "resolve"; handle: string; resolution: Resolution; yes: boolean }
);

/** The answer to --help. */
export const usage = `Usage: doctor [--config tollbooth.config.yaml | --url redis://host:6379 [--prefix tollbooth] [--client redis|ioredis]]
              [--json] [--fail-on warning | --fail-on memory,payments]
       doctor payments [list]     the payments that are in doubt or owed
       doctor payments resolve <handle> --receipt <transaction> | --none <reason> | --delivered [--yes]

Looks whether the servers behind the stores are safe for payments. The examination changes nothing.
Without --config and --url it reads tollbooth.config.yaml. --prefix is the stores' keyPrefix, for --url; default tollbooth.

payments resolve shows what it would record, and what the payer sees from then on. It asks on a terminal, and records nothing
without a yes. Elsewhere it needs --yes.

--json prints one JSON document, errors too: { "error": { "code", "message" } }.

--fail-on warning gives status 1 for warnings, too, and 2 where payments could not be counted. Names of checks instead of "warning":
for the warnings of these checks alone, and 2 for what of them could not be told.

Exit status: 0 fine, or warnings and unknowns only, or recorded; 1 errors were found, or the payment was not resolved; 2 a
mistake in the arguments or the configuration, --yes is missing, no answer, or none to what --fail-on asks about.`;

function parsed(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      options: {
        config: { type: "string" },
        url: { type: "string" },
        client: { type: "string" },
        prefix: { type: "string" },
        "fail-on": { type: "string" },
        json: { type: "boolean", default: false },
        receipt: { type: "string" },
        none: { type: "string" },
        delivered: { type: "boolean" },
        yes: { type: "boolean" },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const name = /^[^']*'(--?[a-z][a-z-]{0,20})\b[^:/@]*'/.exec(message)?.[1];
    const missing = message.includes("argument missing") || message.includes("ambiguous");
    if (name === undefined) throw new Error("An option is unknown.");
    throw new Error(missing ? `${name} needs a value.` : `${name} is no option, or takes no value.`);
  }
}

const checks: ReadonlySet<string> = new Set([
  ...[
    "reachable",
    "version",
    "role",
    "eviction",
    "memory",
    "persistence",
    "replication",
    "sentinels",
    "cluster",
    "users",
    "network",
  ],
  ...["tls", "rights", "round trip", "clock", "keys", "client", "payments", "configuration", "sharing"],
]);

function readFailOn(given = "error"): FailOn {
  if (given === "error" || given === "warning") return given;
  const names = given.split(",").map((name) => name.trim());
  if (names.every((name) => checks.has(name))) return names;
  throw new Error(`--fail-on must be error, warning, or checks with a comma between: ${[...checks].join(", ")}.`);
}

/** Core checks a prefix. Its message begins with the option's name in code. */
function requirePrefix(prefix: string): void {
  try {
    prefixWithSuffix(prefix, "verifications");
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw new Error(error.message.replace("keyPrefix", "--prefix"));
  }
}

/** Throws, with words for a person and nothing of what was typed but names of options, where the arguments are none of these. */
export function readArguments(given: readonly string[]): Command {
  const { values, positionals } = parsed(given);
  const { config, url, client, prefix, json, receipt, none, delivered, yes, "fail-on": failOn } = values;
  if (config !== undefined && url !== undefined) throw new Error("Give --config or --url, not both.");
  if (client !== undefined && client !== "redis" && client !== "ioredis") {
    throw new Error("--client must be redis or ioredis.");
  }
  if (url === "") throw new Error("--url needs the address of a Redis, e.g. redis://127.0.0.1:6379.");
  if (prefix !== undefined) requirePrefix(prefix);
  if (url === undefined && (client !== undefined || prefix !== undefined)) {
    throw new Error("--client and --prefix are for --url. A configuration says them itself.");
  }
  const options: ExamineOptions =
    url === undefined ? { config: config ?? "tollbooth.config.yaml" } : { url, client, keyPrefix: prefix };
  const [area, action, handle, ...more] = positionals;
  const resolutions: Resolution[] = [
    ...(receipt === undefined ? [] : [{ receipt }]),
    ...(none === undefined ? [] : [{ none }]),
    ...(delivered === undefined ? [] : [{ delivered: true } as const]),
  ];
  const [resolution, second] = resolutions;
  if (receipt === "") throw new Error("--receipt needs the transaction that settled the payment.");
  if (none === "") throw new Error("--none needs the reason, e.g. expired.");
  const isResolve = area === "payments" && action === "resolve";
  if ((resolution !== undefined || yes !== undefined) && !isResolve) {
    throw new Error("--receipt, --none, --delivered and --yes are for payments resolve.");
  }
  if (area === undefined) return { name: "examine", options, json, failOn: readFailOn(failOn) };
  if (failOn !== undefined) throw new Error("--fail-on is for the examination.");
  const isList = area === "payments" && (action === undefined || action === "list");
  if (isList && handle === undefined) return { name: "list", options, json };
  if (!isResolve) throw new Error("There is no such command. A server's address is given by --url.");
  if (handle === undefined || more.length > 0) throw new Error("payments resolve takes one handle.");
  if (resolution === undefined || second !== undefined) {
    throw new Error("payments resolve takes one of --receipt, --none and --delivered.");
  }
  return { name: "resolve", options, json, handle, resolution, yes: yes === true };
}
