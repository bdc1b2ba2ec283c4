// What the native transitions of all three stores share: one script call, with its error words translated.
import { type CallOptions, StoreError } from "@tollbooth-stores/core";
import { refused, rightMissing } from "../connection/redis-errors.ts";
import { type ReplyReader, replyReader } from "./reading.ts";
import type { Script } from "./script.ts";
import type { ScriptRunner } from "./script-runner.ts";

/** Runs one call of a script. `errors` maps the words that this script throws itself to their errors. */
export type RunCall = (
  operation: string,
  keys: readonly string[],
  args: readonly (string | number)[],
  options: CallOptions | undefined,
) => Promise<ReplyReader>;

export function callRunner(
  runner: Pick<ScriptRunner, "run">,
  script: Script,
  what: string,
  errors: Readonly<Record<string, () => StoreError>> = {},
): RunCall {
  return async (operation, keys, args, options) => {
    const [result] = await runner.run(script, [{ operation, keys, args }], options);
    if (result?.ok === true) return replyReader(result.reply);
    const word = result?.word ?? "";
    if (word === "CORRUPT") {
      throw new StoreError(
        "STORE_CORRUPT",
        `${what} cannot be read; it was kept as it is. Does something else write under keyPrefix?`,
      );
    }
    if (word === "NOPERM") throw rightMissing();
    throw errors[word]?.() ?? refused(word, "unknown");
  };
}

/** The share by which a record is physically kept longer than it lives. Drawn anew each time. */
export function jitter(spread: number): string {
  return (Math.random() * spread).toFixed(4);
}
