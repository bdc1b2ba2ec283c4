// Metrics of the stores' calls: how long each took and how it ended, what the deny cache answered, waits, and batches.
import type { Meter } from "@opentelemetry/api";
import { batchChannel, operationChannel } from "@tollbooth-stores/core";
import { hear } from "./hear.ts";
import { attribute, callSeconds, waitSeconds } from "./names.ts";

/** Returns what ends them. */
export function operationMetrics(meter: Meter): () => void {
  const duration = meter.createHistogram("tollbooth.operation.duration", {
    description: "Duration of a store's call. Without waits for another caller, and without answers of the deny cache.",
    unit: "s",
    advice: { explicitBucketBoundaries: callSeconds },
  });
  const wait = meter.createHistogram("tollbooth.wait.duration", {
    description: "Time that a caller waited for another caller's result.",
    unit: "s",
    advice: { explicitBucketBoundaries: waitSeconds },
  });
  const denied = meter.createCounter("tollbooth.deny_cache.hits", {
    description:
      "Rate limit decisions that were made without asking the store, because the client is known to be denied.",
    unit: "{decision}",
  });
  const unreadable = meter.createCounter("tollbooth.record.unreadable", {
    description: "Records that a listing skipped because they cannot be read.",
    unit: "{record}",
  });
  const batchSize = meter.createHistogram("tollbooth.batch.size", {
    description: "Calls that were written to the backend together.",
    unit: "{call}",
    advice: { explicitBucketBoundaries: [1, 2, 4, 8, 16, 32] },
  });
  const batchWait = meter.createHistogram("tollbooth.batch.wait.duration", {
    description: "Time from a batch's first call until it was written, the wait for a connection included.",
    unit: "s",
    advice: { explicitBucketBoundaries: callSeconds },
  });
  /** Stores whose unreadable records are counted, by provider and store. */
  const counted = new Set<string>();
  const ends = [
    hear(operationChannel, ({ store, operation, provider, outcome, errorCode, source, durationMs }) => {
      if (source === "deny-cache") return denied.add(1, { [attribute.provider]: provider });
      const about = { [attribute.store]: store, [attribute.provider]: provider };
      const kind = `${provider} ${store}`;
      // From zero, with the store's first call: a counter that begins at one has no increase that an alert could see.
      if (store !== "all" && !counted.has(kind)) unreadable.add(0, about);
      counted.add(kind);
      if (outcome === "unreadable") return unreadable.add(1, about);
      const ended = {
        ...about,
        [attribute.outcome]: outcome,
        ...(errorCode !== undefined && { [attribute.errorType]: errorCode }),
      };
      if (operation === "wait") return wait.record(durationMs / 1_000, ended);
      return duration.record(durationMs / 1_000, { ...ended, [attribute.operation]: operation });
    }),
    hear(batchChannel, ({ provider, script, calls, waitedMs }) => {
      const about = { [attribute.provider]: provider, [attribute.script]: script };
      batchSize.record(calls, about);
      batchWait.record(waitedMs / 1_000, about);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
