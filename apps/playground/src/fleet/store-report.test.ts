// What a gateway's process tells its parent of its stores: sums of what happened since the report before.
import { channel } from "node:diagnostics_channel";
import { setTimeout as sleep } from "node:timers/promises";
import { loadStores } from "@tollbooth-stores/config";
import { isStoreError, operationChannel } from "@tollbooth-stores/core";
import { expect, onTestFinished, test } from "vitest";
import { bucketMs, latencyBucket, readStoreReport, type StoreReport, startReporting } from "./store-report.ts";

const store = (provider: string, shared: boolean) => ({ provider, shared, settings: {} });
const memory = {
  rateLimits: store("memory", false),
  sessions: store("memory", false),
  verifications: store("memory", false),
};

/** The reports, the first one (which tells only where state is kept) left out. */
function reporting(about = memory): { reports: StoreReport[]; first: StoreReport | undefined; end: () => void } {
  const reports: StoreReport[] = [];
  const end = startReporting(about, (report) => reports.push(report), 60_000);
  return { first: reports.shift(), reports, end };
}

async function working() {
  const stores = await loadStores({ stores: { provider: "memory" } });
  onTestFinished(() => stores.close());
  return stores;
}

/** An operation as the stores tell it. */
const operation = (provider: string, errorCode?: string) =>
  channel(operationChannel).publish({ store: "sessions", operation: "get", provider, durationMs: 1, errorCode });

const counted = (reports: readonly StoreReport[]) =>
  reports.flatMap(({ operations }) => operations.latencies).reduce((sum, [, count]) => sum + count, 0);

test("the first report says at once where state is kept, and whether all instances see it", () => {
  const { first, end } = reporting({ ...memory, sessions: store("redis", true) });
  end();
  expect(first).toEqual({
    ...{ kind: "store-report", pid: process.pid, provider: "memory + redis", shared: false },
    operations: { latencies: [], errors: {}, reached: {} },
  });
});

test("while nothing happens nothing is said", () => {
  const { reports, end } = reporting();
  end();
  expect(reports).toEqual([]);
});

test("operations are told as sums, in one report", async () => {
  const { sessions } = await working();
  const { reports, end } = reporting();
  await sessions.get("one");
  await sessions.get("another");
  end();
  expect(reports).toHaveLength(1);
  expect(counted(reports)).toBe(2);
  expect(reports[0]).toMatchObject({ pid: process.pid, operations: { errors: {}, reached: { memory: true } } });
  expect(readStoreReport(structuredClone(reports[0]))).toEqual(reports[0]);
});

test("a wait for another caller's result is no time of the store's", async () => {
  const { verifications } = await working();
  const { reports, end } = reporting();
  await verifications.wait("a payment", { timeoutMs: 20 });
  await verifications.peek("a payment");
  end();
  expect(counted(reports)).toBe(1);
});

test("a check of readiness tells that the store is reached, and is no call of a buyer's", async () => {
  const stores = await working();
  const { reports, end } = reporting();
  await stores.check();
  end();
  expect(reports[0]?.operations).toEqual({ latencies: [], errors: {}, reached: { memory: true } });
});

test("what fails is told by its code", async () => {
  const { sessions, close } = await loadStores({ stores: { provider: "memory" } });
  const { reports, end } = reporting();
  await close();
  const failed = await sessions.get("a").catch((error: unknown) => error);
  end();
  expect(isStoreError(failed, "STORE_CLOSED")).toBe(true);
  expect(reports[0]?.operations.errors).toEqual({ STORE_CLOSED: 1 });
});

test("what the stores said last is told by provider; an abort says nothing of them", () => {
  const { reports, end } = reporting();
  operation("redis");
  operation("redis", "STORE_UNAVAILABLE");
  operation("redis", "OTHER");
  operation("memory", "STORE_UNAVAILABLE");
  operation("memory");
  end();
  expect(reports[0]?.operations.reached).toEqual({ redis: false, memory: true });
});

test("after its end nothing more is told", async () => {
  const { reports, end } = reporting();
  end();
  operation("redis");
  await sleep(0);
  expect(reports).toEqual([]);
});

test("a bucket's middle is at most a tenth off", () => {
  for (const ms of [0.001, 0.0173, 0.5, 1, 3.3, 47, 800, 12_345]) {
    expect(Math.abs(bucketMs(latencyBucket(ms)) / ms - 1)).toBeLessThan(0.1);
  }
  expect(latencyBucket(0)).toBe(0);
});

test.each([
  ["a readiness", { ready: true, port: 1, url: "http://127.0.0.1:1" }],
  ["another kind", { kind: "stopping" }],
  ["nothing", undefined],
  ["a report with a field too many", { kind: "store-report", provider: "memory", shared: false, extra: 1 }],
])("%s is no report", (_name, message) => {
  expect(readStoreReport(message)).toBeUndefined();
});
