// The check of a backend, told to telemetry like a store's call. A gateway that is not ready gets no other call.
import type { CallOptions } from "./call-options.ts";
import { abortable } from "./store-runtime.ts";
import { isObserved, observed } from "./telemetry.ts";

/**
 * Runs `check` and reports it as the operation "check" of store "all". One that is aborted is reported then, whether or not
 * `check` heeds the signal: a backend that hangs must not go untold.
 */
export async function observedCheck(
  provider: string,
  options: CallOptions | undefined,
  check: () => Promise<unknown>,
): Promise<void> {
  const run = async () => void (await abortable(check(), options?.signal));
  return isObserved() ? observed({ store: "all", operation: "check", provider }, run, () => "ok") : run();
}
