// Metrics of payments: how each call of payOnce ended, refused replays, and what did not simply go through.
import type { Meter } from "@opentelemetry/api";
import {
  type AnswerMessage,
  answerChannel,
  operationChannel,
  type PaymentMessage,
  paymentChannel,
} from "@tollbooth-stores/core";
import { hear } from "./hear.ts";
import { attribute, waitSeconds } from "./names.ts";

const events: Record<PaymentMessage["event"], true> = {
  pending: true,
  "in-doubt": true,
  owed: true,
  expired: true,
  recovered: true,
  "receipt-cut": true,
  "receipt-after-expiry": true,
  "delivery-unheard": true,
  "second-receipt": true,
  unreadable: true,
};
const refused: readonly AnswerMessage["outcome"][] = ["delivered", "conflict"];
/** A one-time marker that was there already: the replay of something that is no payment of payOnce. */
const marker = "already-marked";

/** Returns what ends them. */
export function paymentMetrics(meter: Meter): () => void {
  const duration = meter.createHistogram("tollbooth.payment.duration", {
    description: "Duration of a call of payOnce, verification, serving and settlement included, by how it ended.",
    unit: "s",
    advice: { explicitBucketBoundaries: waitSeconds },
  });
  const replays = meter.createCounter("tollbooth.payment.replays_refused", {
    description: "Payments and markers that were presented again and refused.",
    unit: "{replay}",
  });
  const turns = meter.createCounter("tollbooth.payment.events", {
    description: "Payments that did not simply go through: in doubt, owed, recovered, expired, and alarms.",
    unit: "{event}",
  });
  // From zero: a counter that begins at one has no increase that an alert could see.
  for (const event of Object.keys(events)) turns.add(0, { [attribute.paymentEvent]: event });
  for (const outcome of [...refused, marker]) replays.add(0, { [attribute.outcome]: outcome });
  const ends = [
    hear(answerChannel, ({ outcome, errorCode, durationMs }) => {
      const type = errorCode === undefined ? {} : { [attribute.errorType]: errorCode };
      duration.record(durationMs / 1_000, { [attribute.outcome]: outcome, ...type });
      if (refused.includes(outcome)) replays.add(1, { [attribute.outcome]: outcome });
    }),
    hear(operationChannel, ({ operation, outcome }) => {
      if (operation === "markOnce" && outcome === marker) replays.add(1, { [attribute.outcome]: marker });
    }),
    hear(paymentChannel, ({ event }) => turns.add(1, { [attribute.paymentEvent]: event })),
  ];
  return () => {
    for (const end of ends) end();
  };
}
