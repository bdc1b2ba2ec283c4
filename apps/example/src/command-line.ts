// The arguments of the example's programs; a wrong one is told in one line, with exit code 2.
import { parseArgs } from "node:util";

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads `--name value` options and `--flag`s; anything else is a UsageError that lists what there is. */
export function readCommand<Name extends string, Flag extends string>(
  args: readonly string[],
  names: readonly Name[],
  flags: readonly Flag[],
): { options: Partial<Record<Name, string>>; flags: ReadonlySet<Flag> } {
  const usage = [...names.map((name) => `--${name} <value>`), ...flags.map((flag) => `--${flag}`)].join(", ");
  let values: Record<string, unknown>;
  try {
    const known = Object.fromEntries([
      ...names.map((name) => [name, { type: "string" as const }] as const),
      ...flags.map((flag) => [flag, { type: "boolean" as const }] as const),
    ]);
    values = parseArgs({ args: [...args], options: known, allowPositionals: false }).values;
  } catch (error) {
    const said = error instanceof Error ? error.message.split(".", 1)[0] : "Unknown option";
    throw new UsageError(`${said}. Options: ${usage}.`);
  }
  const options: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = values[name];
    if (typeof value === "string") options[name] = value;
  }
  return { options, flags: new Set(flags.filter((flag) => values[flag] === true)) };
}

/** The same where there are no flags. */
export function readOptions<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
): Partial<Record<Name, string>> {
  return readCommand(args, names, []).options;
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
