// Proves that a Redis takes writes now: one script call for each primary, with a write that needs memory.
import type { CallOptions } from "@tollbooth-stores/core";
import source from "./scripts/check-writes.lua";
import { loneRunner } from "./scripts/native-context.ts";
import { type Script, script } from "./scripts/script.ts";
import type { ScriptRunner } from "./scripts/script-runner.ts";
import writableReplica from "./scripts/writable-replica.lua";

export const checkScript: Script = script("check-writes", writableReplica, source);

export interface CheckWritesOptions extends CallOptions {
  /** Hash tags, one for each primary of a cluster: text of which Redis takes the slot. Default: one tag, for one server. */
  tags?: readonly string[] | undefined;
  /** How long to wait for the port's first connection. Milliseconds; default: no longer than for any call. */
  connectTimeoutMs?: number | undefined;
}

/**
 * Writes and deletes the key `<prefix>:check:{<tag>}` for each tag. Rejects with STORE_UNAVAILABLE, which says why the
 * server refused (READONLY, REPLICA, OOM, MISCONF, NOREPLICAS, a missing right), or that it did not answer in time.
 */
export async function checkWrites(
  runner: Pick<ScriptRunner, "run">,
  prefix: string,
  { tags = ["0"], connectTimeoutMs, ...call }: CheckWritesOptions = {},
): Promise<void> {
  const patient: Pick<ScriptRunner, "run"> = {
    run: (script, calls, options) => runner.run(script, calls, options, connectTimeoutMs),
  };
  const probe = loneRunner(patient, checkScript, "The probe of check()");
  await Promise.all(tags.map((tag) => probe([`${prefix}:check:{${tag}}`], [], call)));
}
