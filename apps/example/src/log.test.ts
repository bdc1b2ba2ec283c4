// The log's lines: what one says of a request, a connection or a payment, how few there are, and that none holds a secret.
import { channel } from "node:diagnostics_channel";
import { answerChannel, paymentChannel } from "@tollbooth-stores/core";
import { publishConnection } from "@tollbooth-stores/core/native";
import { Hono } from "hono";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { logEvents, requestLog, unforeseen } from "./log.ts";

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

test("each thing that makes a server unsafe is told", () => {
  for (const reason of ["eviction: one", "persistence: two"]) publishConnection({ ...lost, event: "unsafe", reason });
  expect(lines.map(({ reason }) => reason)).toEqual(["eviction: one", "persistence: two"]);
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
    .get("/free", (c) => c.text("ok"));
  const headers = { authorization: "Bearer secret-token", "payment-signature": "secret-payment" };
  await Promise.all(["one", "two"].map((id) => app.request(`/quote/${id}?apiKey=secret-key`, { headers })));
  await app.request("/free");
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
    { ...line, method: "DELETE", route: "none", status: 404 },
  ]);
  expect(JSON.stringify(lines)).not.toContain("secret");
});

test("an error that was not foreseen is told by its kind and its place, without its message", () => {
  const { error, at } = unforeseen(new TypeError("secret\n  in two lines"));
  expect([error, at?.[0]]).toEqual(["TypeError", expect.stringContaining("log.test.ts")]);
  expect(JSON.stringify([error, at, unforeseen("secret")])).not.toContain("secret");
});

test("ended, it tells nothing more", () => {
  end();
  publishConnection(lost);
  channel(paymentChannel).publish({ event: "owed", handle: "h", attempt: 1 });
  expect(lines).toEqual([]);
});
