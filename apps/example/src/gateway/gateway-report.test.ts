// What a gateway tells its parent: sums of what happened since the report before, and nothing that opens anything.
import { channel } from "node:diagnostics_channel";
import { setTimeout as sleep } from "node:timers/promises";
import { isStoreError, operationChannel } from "@tollbooth-stores/core";
import { expect, test } from "vitest";
import { inProcessGateway } from "../testing/in-process-gateway.ts";
import { announce } from "./gateway-events.ts";
import { bucketMs, type GatewayReport, latencyBucket, readGatewayReport, startReporting } from "./gateway-report.ts";

const running = inProcessGateway();
const store = (provider: string, shared: boolean) => ({ provider, shared, settings: {} });
const memory = {
  rateLimits: store("memory", false),
  sessions: store("memory", false),
  verifications: store("memory", false),
};

/** The reports, the first one (which tells only where state is kept) left out. */
function reporting(about = memory): { reports: GatewayReport[]; first: GatewayReport | undefined; end: () => void } {
  const reports: GatewayReport[] = [];
  const end = startReporting(about, (report) => reports.push(report), 60_000);
  return { first: reports.shift(), reports, end };
}

test("the first report says at once where state is kept, and whether all instances see it", () => {
  const { first, end } = reporting({ ...memory, sessions: store("redis", true) });
  end();
  expect(first).toMatchObject({ provider: "memory + redis", shared: false, decisions: [], sessions: [] });
});

test("while nothing happens nothing is said", () => {
  const { reports, end } = reporting();
  end();
  expect(reports).toEqual([]);
});

test("requests to a gateway are told as sums: one line a client, and how long its store took", async () => {
  const { reports, end } = reporting();
  const ask = await running().gateway();
  await ask("/quote");
  await ask("/quote");
  end();
  const [report, more] = reports;
  expect(more).toBeUndefined();
  expect(report?.decisions).toMatchObject([
    { limiter: "ip", client: "10.0.0.1", limit: 100_000, remaining: 99_998, allowed: 2, denied: 0 },
  ]);
  expect(report?.operations.latencies.reduce((sum, [, count]) => sum + count, 0)).toBe(2);
  expect(report?.operations.errors).toEqual({});
  expect(readGatewayReport(structuredClone(report))).toEqual(report);
});

test("a wait for another caller's result is no time of the store's", async () => {
  const { reports, end } = reporting();
  const { stores } = running();
  await stores.verifications.wait("a payment", { timeoutMs: 20 });
  await stores.verifications.peek("a payment");
  end();
  const took = reports.flatMap(({ operations }) => operations.latencies);
  expect(took.reduce((sum, [, count]) => sum + count, 0)).toBe(1);
});

test("a refusal counts as one, and what fails is told by its code", async () => {
  const { reports, end } = reporting();
  const { stores } = running();
  announce({ kind: "decision", limiter: "ip", client: "a", allowed: true, limit: 1, remaining: 0, resetsAtMs: 5 });
  announce({ kind: "decision", limiter: "ip", client: "a", allowed: false, limit: 1, remaining: 0, resetsAtMs: 5 });
  await stores.close();
  const failed = await stores.sessions.get("anything").catch((error: unknown) => error);
  expect(isStoreError(failed, "STORE_CLOSED")).toBe(true);
  end();
  expect(reports).toMatchObject([
    { decisions: [{ allowed: 1, denied: 1 }], operations: { errors: { STORE_CLOSED: 1 } } },
  ]);
});

test("a session is told without what opens it", () => {
  const { reports, end } = reporting();
  const id = "GET /stream:the-token-that-opens-it";
  announce({ kind: "session", id, route: "GET /stream", payer: "0x1", expiresAtMs: 9, callsLeft: 3 });
  announce({ kind: "session", id, route: "GET /stream", payer: "0x1", expiresAtMs: 9, callsLeft: 2 });
  end();
  expect(reports).toMatchObject([
    { sessions: [{ route: "GET /stream", payer: "0x1", expiresAtMs: 9, callsLeft: 2, callsMost: 3 }] },
  ]);
  expect(JSON.stringify(reports)).not.toContain("the-token");
});

test("each entry has the instant of its event, and the report the process it is from", () => {
  const { reports, end } = reporting();
  const before = Date.now();
  announce({ kind: "decision", limiter: "ip", client: "a", allowed: true, limit: 1, remaining: 0, resetsAtMs: 5 });
  announce({ kind: "session", id: "one", route: "GET /stream", payer: "0x1", expiresAtMs: 9 });
  announce({ kind: "session-over", id: "one" });
  const after = Date.now();
  end();
  const [{ pid, decisions, sessions, sessionsOver } = expect.fail("There is no report.")] = reports;
  expect(pid).toBe(process.pid);
  for (const { at } of [...decisions, ...sessions, ...sessionsOver]) {
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(after);
  }
  expect([decisions.length, sessions.length, sessionsOver.map(({ id }) => id)]).toEqual([1, 1, [sessions[0]?.id]]);
});

test("a token that opens nothing is told as a session that is over", async () => {
  const { reports, end } = reporting();
  const ask = await running().gateway();
  const refused = await ask("/stream", { authorization: `Bearer ${"x".repeat(43)}` });
  expect([refused.status, await refused.json()]).toEqual([402, expect.objectContaining({ error: "session_over" })]);
  end();
  expect(reports[0]?.sessionsOver).toEqual([{ id: expect.stringMatching(/^[0-9a-f]{8}$/), at: expect.any(Number) }]);
  expect(JSON.stringify(reports)).not.toContain("xxx");
});

test("a session whose calls are used up is told as over by the request that is refused, not by the last one served", async () => {
  const { stores, gateway, payer } = running();
  const token = "y".repeat(43);
  const createWith = { data: { payer: payer.address } };
  const grant = { opId: "bought", extendMs: 60_000, quotas: { calls: 1n }, createWith };
  await stores.sessions.credit(`GET /search:${token}`, grant);
  const ask = await gateway();
  const { reports, end } = reporting();
  const statuses = [];
  for (let asked = 0; asked < 2; asked += 1) {
    statuses.push((await ask("/search", { authorization: `Bearer ${token}` })).status);
  }
  end();
  expect(statuses).toEqual([200, 402]);
  const [{ sessions, sessionsOver } = expect.fail("There is no report.")] = reports;
  expect(sessions).toMatchObject([{ route: "GET /search", callsLeft: 0 }]);
  expect(sessionsOver).toEqual([{ id: sessions[0]?.id, at: expect.any(Number) }]);
});

test("what the stores said last is told by provider; an abort says nothing of them", () => {
  const tell = (provider: string, errorCode?: string) =>
    channel(operationChannel).publish({ store: "sessions", operation: "get", provider, durationMs: 1, errorCode });
  const { reports, end } = reporting();
  tell("redis");
  tell("redis", "STORE_UNAVAILABLE");
  tell("redis", "OTHER");
  tell("memory", "STORE_UNAVAILABLE");
  tell("memory");
  end();
  expect(reports[0]?.operations.reached).toEqual({ redis: false, memory: true });
});

test("no more than two hundred clients are named, the last ones", () => {
  const { reports, end } = reporting();
  for (let n = 0; n < 300; n += 1) {
    const client = `10.0.${Math.floor(n / 250)}.${n % 250}`;
    announce({ kind: "decision", limiter: "ip", client, allowed: true, limit: 9, remaining: 8, resetsAtMs: 5 });
  }
  end();
  expect(reports[0]?.decisions).toHaveLength(200);
  expect(reports[0]?.decisions.at(-1)?.client).toBe("10.0.1.49");
});

test("after its end nothing more is told", async () => {
  const { reports, end } = reporting();
  end();
  announce({ kind: "decision", limiter: "ip", client: "a", allowed: true, limit: 1, remaining: 0, resetsAtMs: 5 });
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
  ["a report with a field too many", { kind: "gateway-report", provider: "memory", shared: false, extra: 1 }],
])("%s is no report", (_name, message) => {
  expect(readGatewayReport(message)).toBeUndefined();
});
