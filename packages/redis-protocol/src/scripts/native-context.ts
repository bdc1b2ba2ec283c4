// What the native transitions of all three stores share: one script call, with its error words translated.
import { type PortCallOptions, StoreError } from "@tollbooth-stores/core";
import { refused, rightMissing } from "../connection/redis-errors.ts";
import { type ReplyReader, replyReader } from "./reading.ts";
import type { Script } from "./script.ts";
import type { ScriptReply, ScriptRunner } from "./script-runner.ts";

/** Runs one call of a script. */
export type RunOperation = (
  keys: readonly string[],
  args: readonly (string | number)[],
  options: PortCallOptions | undefined,
) => Promise<ReplyReader>;

/** The words that a script throws itself, and their errors. */
type Errors = Readonly<Record<string, () => StoreError>>;

/** Calls of one tick travel together. */
export function operationRunner(
  runner: Pick<ScriptRunner, "ask">,
  script: Script,
  what: string,
  errors: Errors = {},
): RunOperation {
  return async (keys, args, options) => replyOf(await runner.ask(script, { keys, args }, options), what, errors);
}

/** Each call travels alone: for one that takes the server long. */
export function loneRunner(
  runner: Pick<ScriptRunner, "run">,
  script: Script,
  what: string,
  errors: Errors = {},
): RunOperation {
  return async (keys, args, options) => {
    const [reply] = await runner.run(script, [{ keys, args }], options);
    return replyOf(reply, what, errors);
  };
}

/** One reply of a script, with its error word translated. */
export function replyOf(reply: ScriptReply | undefined, what: string, errors: Errors = {}): ReplyReader {
  if (reply?.ok === true) return replyReader(reply.reply);
  const word = reply?.word ?? "";
  if (word === "CORRUPT") {
    throw new StoreError(
      "STORE_CORRUPT",
      `${what} cannot be read; it was kept as it is. Does something else write under keyPrefix?`,
    );
  }
  if (word === "NOPERM") throw rightMissing();
  throw errors[word]?.() ?? refused(word, "unknown");
}

/** The share by which a record is physically kept longer than it lives. Drawn anew each time. */
export function jitter(spread: number): string {
  return (Math.random() * spread).toFixed(4);
}
