// Every series that the source emits, as Prometheus would read it: the stores, real where they can be, and each kind of message.
import { channel } from "node:diagnostics_channel";
import { setImmediate } from "node:timers/promises";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import {
  type AnswerMessage,
  answerChannel,
  type BatchMessage,
  batchChannel,
  type ConnectionMessage,
  connectionChannel,
  type OperationMessage,
  operationChannel,
  rateLimiter,
  type StoreErrorCode,
} from "@tollbooth-stores/core";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { instrument } from "@tollbooth-stores/otel";

/** By metric, each series' labels. */
export type Series = ReadonlyMap<string, readonly ReadonlyMap<string, string>[]>;

/** Of a union, all members: TypeScript refuses a list that leaves one out. */
const all = <Member extends string>(members: Record<Member, true>): Member[] => Object.keys(members) as Member[];

const errorCodes = all<StoreErrorCode>({
  STORE_UNAVAILABLE: true,
  STORE_CORRUPT: true,
  STORE_VALUE_TOO_LARGE: true,
  STORE_CAPACITY: true,
  STORE_INVALID_ARGUMENT: true,
  STORE_CLOSED: true,
  STORE_CONFIG: true,
});
const outcomes = all<AnswerMessage["outcome"]>({
  ...{ paid: true, kept: true, delivered: true, conflict: true },
  ...{ rejected: true, pending: true, left: true, error: true },
});
const turns = all<ConnectionMessage["event"]>({
  ...{ connecting: true, ready: true, lost: true, "given-up": true },
  ...{ reconnected: true, "server-changed": true, closed: true, unsafe: true, safe: true },
});

function publishAll(): void {
  const call = { store: "verifications", operation: "claim", provider: "ioredis", durationMs: 1 } as const;
  const operations: OperationMessage[] = [
    ...errorCodes.map((errorCode) => ({ ...call, outcome: "error", errorCode })),
    { ...call, outcome: "unreadable", errorCode: "STORE_CORRUPT" },
    { ...call, operation: "wait", outcome: "ok" },
    { ...call, store: "all", operation: "check", outcome: "error", errorCode: "STORE_UNAVAILABLE" },
    { ...call, store: "rate-limits", operation: "consume", outcome: "denied", source: "deny-cache" },
  ];
  for (const message of operations) channel(operationChannel).publish(message);
  for (const outcome of outcomes) {
    const answer: AnswerMessage = { outcome, handle: "h", attempt: 1, durationMs: 1 };
    channel(answerChannel).publish(answer);
  }
  for (const event of turns) {
    const turn: ConnectionMessage = { provider: "ioredis", purpose: "commands", event, connection: 1 };
    channel(connectionChannel).publish(turn);
  }
  const batch: BatchMessage = { provider: "ioredis", script: "s", calls: 2, keys: 2, waitedMs: 1 };
  channel(batchChannel).publish(batch);
}

export async function emittedSeries(): Promise<Series> {
  const reader = new PrometheusExporter({ preventServerStart: true });
  using telemetry = instrument({ meterProvider: new MeterProvider({ readers: [reader] }) });
  const stores = createMemoryStores();
  const limit = rateLimiter(stores.rateLimits, { name: "search", limit: 1, window: "1m" });
  await limit("client");
  await limit("client");
  await stores.check();
  publishAll();
  const info = "used_memory:1\r\nmaxmemory:2\r\nevicted_keys:0\r\n";
  telemetry.samplePayments({ store: stores.verifications });
  telemetry.sampleRedis({
    servers: async () => [{ name: "r:6379", ask: async () => info }],
  });
  // The samplers' answers are there at once: a turn of the loop is enough.
  await setImmediate();
  const { resourceMetrics } = await reader.collect();
  await stores.close();
  return readSeries(new PrometheusSerializer(undefined, false, undefined, true, true).serialize(resourceMetrics));
}

/** Prometheus's text format. */
export function readSeries(text: string): Series {
  const series = new Map<string, Map<string, string>[]>();
  for (const [, name = "", labels = ""] of text.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)) {
    const read = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(
      ([, label = "", value = ""]) => [label, value] as const,
    );
    series.set(name, [...(series.get(name) ?? []), new Map(read)]);
  }
  return series;
}
