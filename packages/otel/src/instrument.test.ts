// Core's messages become metrics in OpenTelemetry's own SDK: each under its name, and none with a secret.
import { channel } from "node:diagnostics_channel";
import {
  type AnswerMessage,
  answerChannel,
  type ConnectionMessage,
  type PaymentMessage,
  paymentChannel,
  payOnce,
  rateLimiter,
} from "@tollbooth-stores/core";
import { publishBatch, publishConnection } from "@tollbooth-stores/core/native";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { type Collected, collected } from "./collected.test-support.ts";
import { instrument, type Telemetry } from "./instrument.ts";

let metrics: Collected;
let telemetry: Telemetry;
beforeEach(() => {
  metrics = collected();
  telemetry = instrument({ meterProvider: metrics.provider });
  onTestFinished(() => telemetry.stop());
});

const answer = (message: Partial<AnswerMessage>) =>
  channel(answerChannel).publish({ outcome: "paid", handle: "h", attempt: 1, durationMs: 2_000, ...message });
const payment = (event: PaymentMessage["event"]) => channel(paymentChannel).publish({ event, handle: "h", attempt: 1 });
const connection = (event: ConnectionMessage["event"], number: number | undefined, server = "10.0.0.5:6379") =>
  publishConnection({
    ...{ provider: "ioredis", purpose: "commands", event, server },
    ...(number !== undefined && { connection: number }),
  });
const only = (points: Record<string, unknown>, name: string) =>
  Object.fromEntries(Object.entries(points).filter(([point]) => point.startsWith(`${name}{`)));

it("a call of a store is timed by store, operation, provider and outcome, and by its error's code", async () => {
  const stores = createMemoryStores();
  const limit = rateLimiter(stores.rateLimits, { name: "search", limit: 1, window: "1m" });
  await limit("client");
  await limit("client");
  await stores.close();
  await limit("client").catch(() => undefined);
  const about = "store=rate-limits, provider=memory";
  const one = [1, expect.any(Number)];
  expect(only(await metrics.points(), "operation.duration")).toEqual({
    [`operation.duration{${about}, outcome=allowed, operation.name=consume}`]: one,
    [`operation.duration{${about}, outcome=denied, operation.name=consume}`]: one,
    [`operation.duration{${about}, outcome=error, error.type=STORE_CLOSED, operation.name=consume}`]: one,
  });
});

it("durations are in seconds, and buckets of calls begin far below a millisecond", async () => {
  answer({});
  expect(await metrics.points()).toMatchObject({ "payment.duration{outcome=paid}": [1, 2] });
  const stores = createMemoryStores();
  await stores.sessions.get("none");
  expect(await metrics.text()).toContain("[0.00005,0.0001,");
  await stores.close();
});

it("a wait for another caller, and a denial without asking, are no durations of the store", async () => {
  const about = { store: "verifications", provider: "ioredis", durationMs: 250 };
  const operation = channel("tollbooth-stores:operation");
  operation.publish({ ...about, operation: "wait", outcome: "ok" });
  operation.publish({ ...about, store: "rate-limits", operation: "consume", outcome: "denied", source: "deny-cache" });
  operation.publish({
    ...about,
    operation: "unresolved",
    outcome: "unreadable",
    errorCode: "STORE_CORRUPT",
    durationMs: 0,
  });
  const points = await metrics.points();
  expect(only(points, "operation.duration")).toEqual({});
  expect(points).toMatchObject({
    "wait.duration{store=verifications, provider=ioredis, outcome=ok}": [1, 0.25],
    "deny_cache.hits{provider=ioredis}": 1,
    "record.unreadable{store=verifications, provider=ioredis}": 1,
  });
});

it("another server and unreadable records are counted from zero, from the first connection and call on", async () => {
  expect(only(await metrics.points(), "connection.events")).toEqual({});
  connection("connecting", 1);
  const counted = Object.entries(only(await metrics.points(), "connection.events"));
  expect(counted).toContainEqual([expect.stringContaining("=server-changed"), 0]);
  expect(counted.filter(([, value]) => value !== 0)).toEqual([[expect.stringContaining("=connecting"), 1]]);
  const stores = createMemoryStores();
  await stores.sessions.get("none");
  await stores.check();
  await stores.close();
  expect(only(await metrics.points(), "record.unreadable")).toEqual({
    "record.unreadable{store=sessions, provider=memory}": 0,
  });
});

it("batches are counted by script: their size, and how long their first call waited", async () => {
  publishBatch({ provider: "redis", script: "session.touch", calls: 16, keys: 9, waitedMs: 1.5 });
  expect(await metrics.points()).toMatchObject({
    "batch.size{provider=redis, script=session.touch}": [1, 16],
    "batch.wait.duration{provider=redis, script=session.touch}": [1, 0.0015],
  });
});

it("payments are counted by how they ended, and refused replays apart", async () => {
  const outcomes = ["paid", "paid", "kept", "delivered", "conflict", "rejected", "pending", "left"] as const;
  for (const outcome of outcomes) answer({ outcome });
  answer({ outcome: "error", errorCode: "STORE_UNAVAILABLE" });
  const stores = createMemoryStores();
  for (const token of ["one", "two"]) {
    await stores.verifications.markOnce("m", { token, fingerprint: "f", retainUntilMs: Date.now() + 60_000 });
  }
  await stores.close();
  const points = await metrics.points();
  expect(points).toMatchObject({
    "payment.duration{outcome=paid}": [2, 4],
    "payment.duration{outcome=kept}": [1, 2],
    "payment.duration{outcome=error, error.type=STORE_UNAVAILABLE}": [1, 2],
  });
  expect(only(points, "payment.replays_refused")).toEqual({
    "payment.replays_refused{outcome=delivered}": 1,
    "payment.replays_refused{outcome=conflict}": 1,
    "payment.replays_refused{outcome=already-marked}": 1,
  });
});

it("doubt, recoveries and alarms are counted from zero, so that the first one is an increase", async () => {
  const before = only(await metrics.points(), "payment.events");
  expect(Object.values(before)).toEqual(Array.from({ length: 10 }, () => 0));
  payment("in-doubt");
  payment("recovered");
  expect(only(await metrics.points(), "payment.events")).toEqual({
    ...before,
    "payment.events{payment.event=in-doubt}": 1,
    "payment.events{payment.event=recovered}": 1,
  });
});

it("what is unsafe is counted until it is safe: each finding of a server once", async () => {
  const turn = (event: "unsafe" | "safe", reason: string, server: string | undefined) =>
    publishConnection({ provider: "ioredis", purpose: "commands", event, reason, ...(server && { server }) });
  const count = async () => Object.values(only(await metrics.points(), "unsafe.count"));
  expect(await count()).toEqual([]);
  turn("unsafe", "eviction: ...", "10.0.0.5:6379");
  turn("unsafe", "eviction: ...", "10.0.0.5:6379");
  turn("unsafe", "eviction: ...", undefined);
  expect(await count()).toEqual([2]);
  turn("safe", "eviction: ...", "10.0.0.5:6379");
  turn("safe", "told before this was instrumented", "10.0.0.5:6379");
  expect(await count()).toEqual([1]);
  turn("safe", "eviction: ...", undefined);
  expect(await count()).toEqual([0]);
});

it("connections are counted by whether they can be used, until they are closed", async () => {
  const now = async () => Object.values(only(await metrics.points(), "connection.count"));
  connection("connecting", 1);
  expect(await now(), "up, down").toEqual([0, 1]);
  connection("ready", 1);
  connection("ready", 2);
  connection("connecting", 2);
  expect(await now(), "another attempt beside one that is up").toEqual([2, 0]);
  connection("lost", 1);
  connection("given-up", 2);
  expect(await now()).toEqual([0, 2]);
  connection("reconnected", 1, "10.0.0.6:6379");
  connection("server-changed", 1, "10.0.0.6:6379");
  expect(await now(), "a failover leaves no connection behind").toEqual([1, 1]);
  connection("unsafe", undefined);
  connection("closed", 2);
  expect(await now()).toEqual([1, 0]);
  connection("closed", 1);
  expect(await now()).toEqual([0, 0]);
  const about = "provider=ioredis, connection.purpose=commands";
  expect(await metrics.points()).toMatchObject({
    [`connection.events{${about}, connection.event=connecting}`]: 2,
    [`connection.events{${about}, connection.event=unsafe}`]: 1,
  });
});

it("stopped, it counts nothing more, and starts no sampler", async () => {
  connection("ready", 1);
  const before = await metrics.points();
  telemetry[Symbol.dispose]();
  telemetry.stop();
  answer({});
  payment("owed");
  connection("lost", 2);
  let asked = 0;
  telemetry.sampleRedis({
    async servers() {
      asked += 1;
      return [];
    },
  });
  expect([asked, await metrics.points()]).toEqual([0, before]);
});

it("names and units are OpenTelemetry's: dotted below tollbooth, seconds, bytes, and things in braces", async () => {
  answer({});
  connection("ready", 1);
  publishBatch({ provider: "redis", script: "s", calls: 1, keys: 1, waitedMs: 0 });
  for (const [name, unit] of Object.entries(await metrics.units())) {
    expect(name).toMatch(/^tollbooth(\.[a-z_]+)+$/);
    expect(unit, name).toMatch(name.endsWith(".duration") ? /^s$/ : /^(s|By|\{[a-z]+\})$/);
  }
});

it("holds no key, client, subject, session id, value, handle, receipt, reason or error text", async () => {
  const stores = createMemoryStores();
  const { verifications, sessions, rateLimits } = stores;
  await rateLimiter(rateLimits, { name: "search", limit: 1, window: "1m" })("secret-client");
  const { record } = await sessions.create({ data: "secret-data", subject: "secret-subject", idleTtlMs: 60_000 });
  const payment = {
    ...{ key: "secret-key", payloadHash: "secret-payload", fingerprint: "secret-print", reference: "secret-ref" },
    validUntilMs: Date.now() + 60_000,
  };
  await payOnce(verifications, payment, {
    verify: async () => ({ ok: true }),
    serve: async () => "secret-result",
    settle: () => Promise.reject(new Error("secret-error")),
    findSettlement: async () => "unknown" as const,
  });
  publishConnection({ ...{ provider: "ioredis", purpose: "commands" }, event: "lost", reason: "secret-reason" });
  const found = [];
  for await (const one of verifications.unresolved()) found.push(one);
  telemetry.samplePayments({ store: verifications });
  await expect.poll(metrics.points).toMatchObject({ "payment.unresolved.count{payment.kind=in-doubt}": 1 });
  const text = await metrics.text();
  await stores.close();
  expect(text).toContain("tollbooth.operation.duration");
  expect(text).not.toContain("secret");
  for (const hidden of [record.id, found[0]?.handle]) expect(text).not.toContain(hidden ?? "a handle is expected");
});
