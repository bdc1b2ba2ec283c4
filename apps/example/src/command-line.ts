// The arguments of the example's programs; a wrong one is told in one line, with exit code 2.
import { parseArgs } from "node:util";

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads `--name value` options; anything else is a UsageError that lists what there is. */
export function readOptions<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const usage = `Options: ${names.map((name) => `--${name} <value>`).join(", ")}.`;
  let values: Record<string, unknown>;
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
    values = parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message.split(".", 1)[0] : "Unknown option"}. ${usage}`);
  }
  const read: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = values[name];
    if (typeof value === "string") read[name] = value;
  }
  return read;
}

/** A TCP port, 0 (any free one) to 65535. */
export function portOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new UsageError("--port must be a number from 0 to 65535.");
  return Number(text);
}
