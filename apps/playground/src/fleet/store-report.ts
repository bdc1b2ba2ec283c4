// What a gateway's process tells its parent about its stores, a few times a second: sums of core's own telemetry.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { StoresDescription } from "@tollbooth-stores/config";
import { type OperationMessage, operationChannel } from "@tollbooth-stores/core";
import { z } from "zod";

/** What happened since the report before. */
export interface StoreReport {
  kind: "store-report";
  /** The process that tells. State that is not shared ends with it. */
  pid: number;
  /** Where state is kept, e.g. "memory", and whether other instances see it. */
  provider: string;
  shared: boolean;
  operations: {
    /** How many took how long, waits left out: pairs of a `latencyBucket` and a number. */
    latencies: [bucket: number, count: number][];
    errors: Record<string, number>;
    /** By provider: whether the last operation that can tell was answered, or found the store unavailable. */
    reached: Record<string, boolean>;
  };
}

const count = z.int().min(0);
const schema: z.ZodType<StoreReport> = z.strictObject({
  kind: z.literal("store-report"),
  pid: count,
  provider: z.string(),
  shared: z.boolean(),
  operations: z.strictObject({
    latencies: z.array(z.tuple([count, count])),
    errors: z.record(z.string(), count),
    reached: z.record(z.string(), z.boolean()),
  }),
});

/** The report, if it is one. */
export function readStoreReport(message: unknown): StoreReport | undefined {
  return schema.safeParse(message).data;
}

/** Four buckets for each doubling, from one microsecond on: the middle of a bucket is at most 10 % off. */
export function latencyBucket(ms: number): number {
  return Math.max(0, Math.round(Math.log2(Math.max(ms, 0.001) * 1_000) * 4));
}

/** The duration in the middle of a bucket, in milliseconds. */
export function bucketMs(bucket: number): number {
  return 2 ** (bucket / 4) / 1_000;
}

/**
 * Listens on the stores' channel in this process, and hands over what there was every `everyMs`: at once the first
 * time, then nothing while there is nothing. Returns what ends it.
 */
export function startReporting(
  { rateLimits, sessions, verifications }: Pick<StoresDescription, "rateLimits" | "sessions" | "verifications">,
  tell: (report: StoreReport) => void,
  everyMs = 250,
): () => void {
  const stores = [rateLimits, sessions, verifications];
  const provider = [...new Set(stores.map((store) => store.provider))].join(" + ");
  const about = { pid: process.pid, provider, shared: stores.every(({ shared }) => shared) };
  let gathered = nothing();
  const onOperation = (message: unknown) => {
    if (isOperation(message)) gathered.addOperation(message);
  };
  const send = () => {
    if (gathered.empty()) return;
    const { report } = gathered;
    gathered = nothing();
    tell({ ...about, ...report() });
  };
  tell({ ...about, ...gathered.report() });
  subscribe(operationChannel, onOperation);
  const timer = setInterval(send, everyMs).unref();
  return () => {
    clearInterval(timer);
    unsubscribe(operationChannel, onOperation);
    send();
  };
}

function nothing() {
  const latencies = new Map<number, number>();
  const errors = new Map<string, number>();
  const reached = new Map<string, boolean>();
  return {
    addOperation({ provider, operation, durationMs, errorCode }: OperationMessage) {
      // An abort or a bad argument says nothing of the store.
      if (errorCode === undefined || errorCode === "STORE_UNAVAILABLE") reached.set(provider, errorCode === undefined);
      // The front asks for readiness all the time, and no buyer waits for it.
      if (operation === "check") return;
      // A wait takes as long as another caller needs, which is no time of the store's.
      if (operation !== "wait") {
        const bucket = latencyBucket(durationMs);
        latencies.set(bucket, (latencies.get(bucket) ?? 0) + 1);
      }
      if (errorCode !== undefined) errors.set(errorCode, (errors.get(errorCode) ?? 0) + 1);
    },
    empty: () => latencies.size + reached.size + errors.size === 0,
    report: (): Omit<StoreReport, "pid" | "provider" | "shared"> => ({
      kind: "store-report",
      operations: {
        latencies: [...latencies],
        errors: Object.fromEntries(errors),
        reached: Object.fromEntries(reached),
      },
    }),
  };
}

function isOperation(message: unknown): message is OperationMessage {
  return typeof message === "object" && message !== null && "durationMs" in message && "operation" in message;
}
