// Samples the payments that are in doubt or owed: how many, and how old the oldest is. Every instance sees the same ones.
import type { BatchObservableCallback, Meter } from "@opentelemetry/api";
import type { Unresolved, VerificationStore } from "@tollbooth-stores/core";
import { attribute } from "./names.ts";
import type { SampleOutcomes } from "./sample-outcomes.ts";
import { type SamplingTimes, startSampling } from "./sampler.ts";

/** Every 60 seconds, at most 10 seconds each, unless it says otherwise. */
export interface PaymentSampling extends SamplingTimes {
  /** Its `unresolved()` costs a round trip for each page of records. */
  store: Pick<VerificationStore, "unresolved">;
}

interface Sum {
  count: number;
  oldestAtMs: number;
}

const kinds: Record<Unresolved["kind"], true> = { "in-doubt": true, owed: true, held: true };

/** Returns what ends it. */
export function samplePayments(
  meter: Meter,
  outcomes: SampleOutcomes,
  { store, everyMs = 60_000, timeoutMs = 10_000 }: PaymentSampling,
): () => void {
  /** Of the last good sample; undefined before the first. */
  let sums: Map<string, Sum> | undefined;
  /** Since when samples fail. What was seen last ages no more then: others may have ended it. */
  let failingSinceMs: number | undefined;
  const count = meter.createObservableGauge("tollbooth.payment.unresolved.count", {
    description:
      "Payments in doubt (money may have moved) or owed (settled, not delivered). The same on every instance.",
    unit: "{payment}",
  });
  const age = meter.createObservableGauge("tollbooth.payment.unresolved.age", {
    description:
      "Time since the oldest such payment came to be so; 0 where there is none. It stays while samples fail.",
    unit: "s",
  });
  const observe: BatchObservableCallback = (result) => {
    if (sums === undefined) return;
    const nowMs = failingSinceMs ?? Date.now();
    for (const kind of Object.keys(kinds)) {
      const sum = sums.get(kind);
      const ageMs = sum === undefined ? 0 : Math.max(0, nowMs - sum.oldestAtMs);
      result.observe(count, sum?.count ?? 0, { [attribute.paymentKind]: kind });
      result.observe(age, ageMs / 1_000, { [attribute.paymentKind]: kind });
    }
  };
  const end = startSampling(
    {
      async ask(signal) {
        const found = new Map<string, Sum>();
        for await (const { kind, atMs } of store.unresolved({ signal })) {
          const sum = found.get(kind) ?? { count: 0, oldestAtMs: atMs };
          found.set(kind, { count: sum.count + 1, oldestAtMs: Math.min(sum.oldestAtMs, atMs) });
        }
        if (signal.aborted) return;
        sums = found;
        failingSinceMs = undefined;
        outcomes.good("payments");
      },
      failed() {
        failingSinceMs ??= Date.now();
        outcomes.failed("payments");
      },
    },
    { everyMs, timeoutMs },
  );
  meter.addBatchObservableCallback(observe, [count, age]);
  return () => {
    end();
    meter.removeBatchObservableCallback(observe, [count, age]);
  };
}
