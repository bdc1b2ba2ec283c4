// The log's lines: what one says of a request, a connection or a payment, how few there are, and that none holds a secret.
import { channel } from "node:diagnostics_channel";
import { answerChannel, paymentChannel } from "@tollbooth-stores/core";
import { publishConnection } from "@tollbooth-stores/core/native";
import { problem, responseOf } from "@tollbooth-stores/http";
import { Hono } from "hono";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConfigError } from "./gateway-config.ts";
import { gatewayLog, logConsole, logEvents, requestLog } from "./log.ts";

let lines: Record<string, unknown>[];
let end: () => void;
const log = pino(
  { base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
  { write: (line) => void lines.push(JSON.parse(line)) },
);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  lines = [];
  end = logEvents(log);
});
afterEach(() => {
  end();
  vi.useRealTimers();
});

const server = "10.0.0.5:6379";
const about = { provider: "ioredis", purpose: "commands", server } as const;
const lost = { ...about, event: "lost", reason: "ECONNRESET" } as const;
const lostLine = { level: "warn", ...lost, msg: "connection" };

test("each event of a connection is one line, with what is known of it", () => {
  publishConnection({ ...about, event: "connecting" });
  publishConnection(lost);
  publishConnection({ provider: "redis", purpose: "sentinel", server, event: "reconnected", downMs: 1_234.5 });
  publishConnection({
    ...about,
    event: "server-changed",
    downMs: 800,
    before: { runId: "aa" },
    after: { runId: "bb" },
  });
  const sentinel = { provider: "redis", purpose: "sentinel", server };
  expect(lines).toEqual([
    { level: "info", ...about, event: "connecting", msg: "connection" },
    lostLine,
    { level: "warn", ...sentinel, event: "reconnected", downMs: 1_235, msg: "connection" },
    { level: "warn", ...about, event: "server-changed", downMs: 800, msg: "connection" },
  ]);
});

test("of events that are alike one line is written at once, and one a second later counts the others", () => {
  for (let time = 0; time < 5; time += 1) publishConnection(lost);
  publishConnection({ ...lost, event: "given-up" });
  publishConnection({ ...lost, server: "10.0.0.6:6379" });
  publishConnection({ ...lost, provider: "redis" });
  expect(lines, "another event, server or provider is not alike").toHaveLength(4);
  vi.advanceTimersByTime(999);
  expect(lines).toHaveLength(4);
  vi.advanceTimersByTime(1);
  expect(lines.slice(4)).toEqual([{ level: "warn", ...about, event: "lost", more: 4, msg: "connection" }]);
  publishConnection(lost);
  expect(lines.slice(5), "at once after a quiet second").toEqual([lostLine]);
});

test("each thing that makes a server unsafe is told once, though each of its stores tells it", () => {
  const reasons = ["eviction: one", "persistence: two"];
  for (const reason of [...reasons, ...reasons]) publishConnection({ ...lost, event: "unsafe", reason });
  vi.advanceTimersByTime(1_000);
  expect(lines.map(({ reason }) => reason)).toEqual(reasons);
  for (const reason of reasons) publishConnection({ ...lost, event: "safe", reason });
  expect(lines.slice(2)).toMatchObject(reasons.map((reason) => ({ level: "info", event: "safe", reason })));
});

test("an attempt that tells why the one before it failed is a warning", () => {
  publishConnection({ ...about, event: "connecting", reason: "ECONNREFUSED" });
  expect(lines).toEqual([{ level: "warn", ...about, event: "connecting", reason: "ECONNREFUSED", msg: "connection" }]);
});

test("a line of the console is a warning, without what stands behind its first colon", () => {
  const { warn, error, log: plain, info, debug } = console;
  logConsole(log);
  console.warn("Failed to fetch supported kinds from facilitator: Error: https://secret-host/secret-key");
  console.error(new Error("secret-error"), "secret-more");
  Object.assign(console, { warn, error, log: plain, info, debug });
  const line = { level: "warn", msg: "console" };
  expect(lines).toEqual([
    { ...line, said: "Failed to fetch supported kinds from facilitator" },
    { ...line, said: "Error" },
  ]);
});

test("a level that pino does not know is a mistake in the configuration, told with those that it knows", () => {
  const words = "LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.";
  expect(() => gatewayLog("verbose")).toThrow(new ConfigError(words));
  expect([gatewayLog("silent").level, gatewayLog().level]).toEqual(["silent", "info"]);
});

test("a payment that did not simply go through is a warning, an alarm an error, and a caller that asks again is no news", () => {
  for (const event of ["pending", "in-doubt", "second-receipt"]) {
    channel(paymentChannel).publish({ event, handle: "h", attempt: 2 });
  }
  expect(lines).toEqual([
    { level: "warn", event: "in-doubt", payment: "h", attempt: 2, msg: "payment" },
    { level: "error", event: "second-receipt", payment: "h", attempt: 2, msg: "payment" },
  ]);
});

test("a request is one line: its route, never its path, query or headers, and its own payment", async () => {
  const app = new Hono()
    .use(requestLog(log))
    .get("/quote/:id", async (c) => {
      await Promise.resolve();
      channel(answerChannel).publish({ outcome: "paid", handle: c.req.param("id"), attempt: 1, durationMs: 1 });
      return c.text("ok");
    })
    .get("/free", (c) => c.text("ok"))
    .get("/away", () => responseOf(problem(503, "store_unavailable", "secret words")))
    .get("/limit", () => responseOf(problem(429, "too_many_requests", "secret words")))
    .get("/broken", () => new Response("secret words", { status: 500 }));
  const headers = { authorization: "Bearer secret-token", "payment-signature": "secret-payment" };
  await Promise.all(["one", "two"].map((id) => app.request(`/quote/${id}?apiKey=secret-key`, { headers })));
  await app.request("/free");
  for (const path of ["/away", "/limit", "/broken"]) await app.request(path);
  await app.request("/secret-path", { method: "DELETE", headers });
  const line = {
    level: "info",
    method: "GET",
    route: "/quote/:id",
    status: 200,
    ms: expect.any(Number),
    msg: "request",
  };
  expect(lines).toEqual([
    { ...line, payment: "one" },
    { ...line, payment: "two" },
    { ...line, route: "/free" },
    { ...line, route: "/away", status: 503, code: "store_unavailable" },
    { ...line, route: "/limit", status: 429 },
    { ...line, route: "/broken", status: 500 },
    { ...line, method: "DELETE", route: "none", status: 404 },
  ]);
  expect(JSON.stringify(lines)).not.toContain("secret");
});

test("ended, it tells nothing more", () => {
  end();
  publishConnection(lost);
  channel(paymentChannel).publish({ event: "owed", handle: "h", attempt: 1 });
  expect(lines).toEqual([]);
});
