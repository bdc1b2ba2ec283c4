// What is shown of clients and sessions, from what several gateways report in any order.
import { beforeEach, expect, test } from "vitest";
import type { DecisionReport, SessionReport } from "../gateway/gateway-report.ts";
import { type Clients, clients } from "./clients.ts";

const payer = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
let now: number;
let known: Clients;
beforeEach(() => {
  now = 1_000_000;
  known = clients(() => now);
});

function decision(change: Partial<DecisionReport> = {}): DecisionReport {
  const base = { limiter: "ip", client: "127.0.0.1", limit: 5, remaining: 4, resetsAtMs: now + 10_000 };
  return { ...base, allowed: 1, denied: 0, ...change };
}

function session(change: Partial<SessionReport> = {}): SessionReport {
  return { id: "abcd1234", route: "GET /stream", payer, expiresAtMs: now + 600_000, ...change };
}

test("an address is shown as it is, a payer in short, with what the limit is for", () => {
  known.heard([decision(), decision({ limiter: "payer GET /quote", client: payer.toLowerCase() })], []);
  expect(known.allowances().map(({ client, scope }) => [client, scope])).toEqual([
    ["0x2096…287c", "GET /quote"],
    ["127.0.0.1", "all routes"],
  ]);
});

test("a payer that is none is not shown", () => {
  known.heard([decision({ limiter: "payer GET /quote", client: "somebody@example.com" })], []);
  expect(known.allowances()).toMatchObject([{ client: "unknown" }]);
});

test("what was allowed and refused adds up; what remains only becomes less within a window", () => {
  known.heard([decision({ remaining: 0, denied: 2 })], []);
  known.heard([decision({ remaining: 3, resetsAtMs: now + 10_020 })], []);
  expect(known.allowances()).toMatchObject([{ remaining: 0, allowed: 2, denied: 2 }]);
});

test("a new window begins with what it has", () => {
  known.heard([decision({ remaining: 0 })], []);
  now += 11_000;
  known.heard([decision({ remaining: 4 })], []);
  expect(known.allowances()).toMatchObject([{ remaining: 4 }]);
});

test("what is over is forgotten a minute later", () => {
  known.heard([decision()], [session({ expiresAtMs: now + 10_000 })]);
  now += 69_999;
  expect([known.allowances(), known.sessions()]).toMatchObject([{ length: 1 }, { length: 1 }]);
  now += 1;
  expect([known.allowances(), known.sessions()]).toEqual([[], []]);
});

test("a session without calls is over a minute after its last one", () => {
  known.heard([], [session({ callsLeft: 0, callsMost: 3 })]);
  now += 59_999;
  expect(known.sessions()).toMatchObject([{ callsLeft: 0, callsMost: 3 }]);
  now += 1;
  expect(known.sessions()).toEqual([]);
});

test("of many the eight last heard of are shown", () => {
  known.heard(
    Array.from({ length: 30 }, (_, n) => decision({ client: `10.0.0.${n + 10}` })),
    [],
  );
  known.heard([decision({ client: "10.0.0.10" })], []);
  const shown = known.allowances().map(({ client }) => client);
  expect(shown).toHaveLength(8);
  expect(shown).toContain("10.0.0.10");
  expect(shown).toContain("10.0.0.33");
  expect(shown).not.toContain("10.0.0.32");
});

test("a session's bar is as long as its most time and its most calls were", () => {
  known.heard([], [session({ callsLeft: 3 })]);
  now += 60_000;
  known.heard([], [session({ callsLeft: 1, expiresAtMs: now + 540_000 })]);
  expect(known.sessions()).toEqual([
    {
      id: "abcd1234",
      route: "GET /stream",
      payer: "0x2096…287c",
      expiresAtMs: now + 540_000,
      spanMs: 600_000,
      callsLeft: 1,
      callsMost: 3,
    },
  ]);
});
