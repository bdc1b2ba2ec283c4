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
function replyOf(reply: ScriptReply | undefined, what: string, errors: Errors): ReplyReader {
  if (reply?.ok === true) return replyReader(reply.reply);
  throw failureOf(reply?.word ?? "", what, errors);
}

/** The error of a script's error word. `what`: what the script reads. */
export function failureOf(word: string, what: string, errors: Errors): StoreError {
  if (word === "CORRUPT") {
    return new StoreError(
      "STORE_CORRUPT",
      `${what} cannot be read; it was kept as it is. Does something else write under keyPrefix?`,
    );
  }
  if (word === "NOPERM") return rightMissing();
  return errors[word]?.() ?? refused(word, "unknown");
}

/** The share by which a record is physically kept longer than it lives. Drawn anew each time. */
export function jitter(ttlJitter: number): string {
  return (Math.random() * ttlJitter).toFixed(4);
}
