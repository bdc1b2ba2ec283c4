// The log of the connections' events: what a line says, and how few there are of events that are alike.
import { channel } from "node:diagnostics_channel";
import { connectionChannel } from "@tollbooth-stores/core";
import { publishConnection } from "@tollbooth-stores/core/native";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { logConnections } from "./connection-log.ts";

let lines: string[];
let end: () => void;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  lines = [];
  end = logConnections((line) => lines.push(line));
});
afterEach(() => {
  end();
  vi.useRealTimers();
});

const server = "10.0.0.5:6379";
const lost = { provider: "ioredis", purpose: "commands", server, event: "lost", reason: "ECONNRESET" } as const;
const lostLine = "gateway: ioredis (commands) 10.0.0.5:6379: lost: ECONNRESET";

test("each event is one line, with all that is known of it", () => {
  publishConnection(lost);
  publishConnection({ provider: "redis", purpose: "sentinel", event: "connecting" });
  publishConnection({ provider: "redis", purpose: "sentinel", server, event: "reconnected", downMs: 1_234.5 });
  publishConnection({
    ...{ provider: "ioredis", purpose: "commands", server, event: "server-changed", downMs: 800 },
    before: { runId: "aa", replicationId: "r1", version: "7.0.1" },
    after: { runId: "bb", replicationId: "r1", version: "7.2.4", role: "master" },
  });
  channel(connectionChannel).publish("something else");
  expect(lines).toEqual([
    lostLine,
    "gateway: redis (sentinel): connecting",
    "gateway: redis (sentinel) 10.0.0.5:6379: reconnected: after 1235 ms",
    "gateway: ioredis (commands) 10.0.0.5:6379: server-changed: after 800 ms, run id aa -> bb, version 7.0.1 -> 7.2.4, role unknown -> master",
  ]);
});

test("of events that are alike one line a second is written, which counts those that were left out", () => {
  for (let time = 0; time < 5; time += 1) publishConnection(lost);
  publishConnection({ ...lost, event: "given-up" });
  publishConnection({ ...lost, server: "10.0.0.6:6379" });
  publishConnection({ ...lost, provider: "redis" });
  expect(lines, "another event, server or provider is not alike").toHaveLength(4);
  vi.advanceTimersByTime(999);
  expect(lines).toHaveLength(4);
  publishConnection({ ...lost, reason: "ETIMEDOUT" });
  vi.advanceTimersByTime(1);
  expect(lines.slice(4)).toEqual([`${lostLine.replace("ECONNRESET", "ETIMEDOUT")} (and 4 more like it)`]);
  publishConnection(lost);
  vi.advanceTimersByTime(1_000);
  expect(lines.slice(5)).toEqual([lostLine]);
  vi.advanceTimersByTime(5_000);
  publishConnection(lost);
  expect(lines.slice(6), "at once after a quiet second").toEqual([lostLine]);
});

test("ended, it tells what was left out, and then nothing more", () => {
  for (let time = 0; time < 3; time += 1) publishConnection(lost);
  end();
  expect(lines).toEqual([lostLine, `${lostLine} (and 1 more like it)`]);
  publishConnection(lost);
  vi.advanceTimersByTime(5_000);
  expect(lines).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});
