// The arguments of the playground's programs; a wrong one is told in one line, with exit code 2.
import { parseArgs } from "node:util";
import { type ChainName, isChainName } from "./fleet/chain-name.ts";

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Command<Name extends string, Flag extends string> {
  options: Partial<Record<Name, string>>;
  flags: ReadonlySet<Flag>;
  /** Where `--help` was given: the line that lists what there is, to be printed instead of doing anything. */
  help: string | undefined;
}

/** Reads `--name value` options, `--flag`s and `--help`; anything else is a UsageError that lists what there is. */
export function readCommand<Name extends string, Flag extends string>(
  args: readonly string[],
  names: readonly Name[],
  flags: readonly Flag[],
): Command<Name, Flag> {
  const listed = [...names.map((name) => `--${name} <value>`), ...flags.map((flag) => `--${flag}`)].join(", ");
  const usage = `Options: ${listed}.`;
  let values: Record<string, unknown>;
  try {
    const known = Object.fromEntries([
      ...names.map((name) => [name, { type: "string" as const }] as const),
      ...flags.map((flag) => [flag, { type: "boolean" as const }] as const),
      ["help", { type: "boolean" as const }] as const,
    ]);
    values = parseArgs({ args: [...args], options: known, allowPositionals: false }).values;
  } catch (error) {
    // Node's first sentence names the mistake. The rest is advice for programs that take other arguments.
    const said = error instanceof Error ? error.message.split(/\.(?:\s|$)/, 1)[0] : "Unknown option";
    throw new UsageError(`${said}. ${usage}`);
  }
  const options: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = values[name];
    if (typeof value === "string") options[name] = value;
  }
  const help = values.help === true ? usage : undefined;
  return { options, flags: new Set(flags.filter((flag) => values[flag] === true)), help };
}

/** A whole number from `least` to `most`, as the option `name` gives it. */
export function integerOption(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text) || Number(text) < least || Number(text) > most)
    throw new UsageError(`--${name} must be a number from ${least} to ${most}.`);
  return Number(text);
}

/** A TCP port, 0 (any free one) to 65535. */
export const portOption = (text: string | undefined): number | undefined => integerOption("port", text, 0, 65_535);

/** What the ledger stands on. Default: the simulated chain. */
export function chainOption(text = "simulated"): ChainName {
  if (!isChainName(text)) throw new UsageError("--chain must be simulated or evm.");
  return text;
}
