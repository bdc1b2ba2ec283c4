// One payment through payOnce: counts its store calls, those that wait for one another, and its PUBLISH commands.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type OperationMessage, operationChannel } from "@tollbooth-stores/core";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import type { RedisEndpoint } from "@tollbooth-stores/redis-testkit";
import { newPayment, payFresh } from "../contenders/payments.ts";
import { readCounters } from "./redis-usage.ts";

export interface PaymentTrace {
  /** Store calls, up to the answer and after it. */
  calls: number;
  /** The longest chain of calls of which each began after the one before it had ended. */
  inSequence: number;
  /** PUBLISH and SPUBLISH. */
  publishes: number;
  /** Their names, in the order in which they ended. */
  operations: string[];
}

interface Interval {
  from: number;
  to: number;
}

/** The length of the longest chain of intervals that do not overlap. */
export function longestChain(intervals: readonly Interval[]): number {
  let chain = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to } of [...intervals].sort((a, b) => a.to - b.to)) {
    if (from < end) continue;
    chain += 1;
    end = to;
  }
  return chain;
}

export async function tracePayment(endpoint: RedisEndpoint): Promise<PaymentTrace> {
  const stores = createIoredisStores({ connection: { url: endpoint.url } });
  const calls: (Interval & { operation: string })[] = [];
  const listen = (message: unknown) => {
    if (!isOperation(message) || message.store !== "verifications") return;
    const to = performance.now();
    calls.push({ operation: message.operation, from: to - message.durationMs, to });
  };
  try {
    await stores.check();
    // The first payment loads the scripts.
    await payFresh(stores.verifications, newPayment("first"));
    await settled();
    const before = await readCounters([endpoint]);
    subscribe(operationChannel, listen);
    if (!(await payFresh(stores.verifications, newPayment("traced")))) throw new Error("The payment was not fresh.");
    await settled();
    const after = await readCounters([endpoint]);
    const published = (counters: typeof after) =>
      counters.reduce((sum, { commands }) => sum + (commands.publish?.calls ?? 0) + (commands.spublish?.calls ?? 0), 0);
    return {
      calls: calls.length,
      inSequence: longestChain(calls),
      publishes: published(after) - published(before),
      operations: calls.map(({ operation }) => operation),
    };
  } finally {
    unsubscribe(operationChannel, listen);
    await stores.close();
  }
}

/** Calls that nothing waits for are answered in this time. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200));
}

function isOperation(message: unknown): message is OperationMessage {
  return typeof message === "object" && message !== null && "operation" in message && "durationMs" in message;
}
