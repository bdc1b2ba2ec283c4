// The sessions' AtomicPort over compare-and-set: reads records with a stamp each, decides, and writes if every stamp
// still holds; else it starts again. For the cold operations; the hot ones are operations of the script.
import { type AtomicPort, type CallOptions, type Step, type StoredRecord, StoreError } from "@tollbooth-stores/core";
import { jitter, type RunCall } from "../scripts/native-context.ts";
import { replyReader } from "../scripts/reading.ts";
import { kindOf, recordArguments, recordOf } from "./session-fields.ts";

/** How often a step is tried while other callers keep changing its records. */
const MOST_ROUNDS = 100;
const LONGEST_PAUSE_MS = 20;

export function sessionTransact(call: RunCall, spread: number): AtomicPort["transact"] {
  return async <R>(
    keys: readonly string[],
    step: (records: readonly (StoredRecord | null)[], nowMs: number) => Step<R>,
    options?: CallOptions,
  ): Promise<R> => {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      options?.signal?.throwIfAborted();
      const read = await call("read", keys, [keys.length, ...keys.map(kindOf)], options);
      const nowMs = read.integer();
      const stamps: string[] = [];
      const records = keys.map((key) => {
        const [stamp, found]: readonly unknown[] = read.list();
        stamps.push(replyReader([stamp]).text());
        return recordOf(kindOf(key), found, nowMs);
      });
      const { writes = [], reply } = step(records, nowMs);
      if (writes.every((write) => write === undefined)) return reply;
      const changes = keys.flatMap((key, index) => {
        const [kind, write] = [kindOf(key), writes[index]];
        const about = [kind, stamps[index] ?? ""];
        if (write === undefined) return [...about, "keep"];
        return write === null ? [...about, "delete"] : [...about, "put", ...recordArguments(kind, write)];
      });
      const swapped = await call("swap", keys, [jitter(spread), keys.length, ...changes], options);
      if (swapped.integer() === 1) return reply;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(2 ** round, LONGEST_PAUSE_MS)));
    }
    throw new StoreError(
      "STORE_UNAVAILABLE",
      "The session's records kept changing while they were to be changed; nothing was done. Try again.",
    );
  };
}
