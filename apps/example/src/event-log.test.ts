// The log of the connections' events: what a line says, and how few there are of events that are alike.
import { publishConnection } from "@tollbooth-stores/core/native";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { logEvents } from "./event-log.ts";

let lines: string[];
let end: () => void;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  lines = [];
  end = logEvents((line) => lines.push(line));
});
afterEach(() => {
  end();
  vi.useRealTimers();
});

const server = "10.0.0.5:6379";
const lost = { provider: "ioredis", purpose: "commands", server, event: "lost", reason: "ECONNRESET" } as const;
const kind = "gateway: ioredis (commands) 10.0.0.5:6379: lost";
const lostLine = `${kind}, ECONNRESET`;

test("each event is one line, with what is known of it", () => {
  publishConnection(lost);
  publishConnection({ provider: "redis", purpose: "sentinel", server, event: "reconnected", downMs: 1_234.5 });
  publishConnection({
    ...{ provider: "ioredis", purpose: "commands", server, event: "server-changed", downMs: 800 },
    before: { runId: "aa" },
    after: { runId: "bb" },
  });
  expect(lines).toEqual([
    lostLine,
    "gateway: redis (sentinel) 10.0.0.5:6379: reconnected, after 1235 ms",
    "gateway: ioredis (commands) 10.0.0.5:6379: server-changed, after 800 ms",
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
  expect(lines.slice(4)).toEqual([`${kind} (4 more like it)`]);
  publishConnection(lost);
  expect(lines.slice(5), "at once after a quiet second").toEqual([lostLine]);
});

test("each thing that makes a server unsafe is told", () => {
  for (const reason of ["eviction: one", "persistence: two"]) publishConnection({ ...lost, event: "unsafe", reason });
  expect(lines).toHaveLength(2);
});

test("ended, it tells nothing more", () => {
  end();
  publishConnection(lost);
  expect(lines).toEqual([]);
});
