// What is shown of clients and sessions, from answers of several gateways that pass in any order.
import { beforeEach, expect, test } from "vitest";
import { type Clients, clients } from "./clients.ts";
import type { AnswerRead, Decision, SessionSeen } from "./read-answer.ts";

const payer = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
let now: number;
let ended: Set<number>;
let known: Clients;
beforeEach(() => {
  now = 1_000_000;
  ended = new Set();
  known = clients({ now: () => now, alive: (pid) => !ended.has(pid) });
});

/** What gateway-1 tells, with a state that all share; or another one, by the number of its process. */
function heard(told: Partial<AnswerRead>, from: { pid?: number; shared?: boolean } = {}): void {
  const { pid = 1, shared = true } = from;
  known.heard(`gateway-${pid}`, { pid, shared }, { decisions: [], sessions: [], sessionsOver: [], ...told });
}
const allowances = () => known.allowances().shown;
const sessions = () => known.sessions().shown;

function decision(change: Partial<Decision> = {}): Decision {
  const base = { limiter: "ip", client: "127.0.0.1", at: now, limit: 5, remaining: 4, resetsAtMs: now + 10_000 };
  return { ...base, allowed: true, ...change };
}

const refusals = (count: number, change: Partial<Decision> = {}) =>
  Array.from({ length: count }, () => decision({ remaining: 0, ...change, allowed: false }));

function session(change: Partial<SessionSeen> = {}): SessionSeen {
  return { id: "abcd1234", at: now, route: "GET /stream", payer, expiresAtMs: now + 600_000, ...change };
}

test("an address is shown as it is, a payer in short, with what the limit is for", () => {
  heard({ decisions: [decision(), decision({ limiter: "payer GET /quote", client: payer.toLowerCase() })] });
  expect(allowances().map(({ client, scope }) => [client, scope])).toEqual([
    ["127.0.0.1", "all routes"],
    ["0x2096…287c", "GET /quote"],
  ]);
});

test("a payer that is none is not shown", () => {
  heard({ decisions: [decision({ limiter: "payer GET /quote", client: "somebody@example.com" })] });
  expect(allowances()).toMatchObject([{ client: "unknown" }]);
});

test("what was allowed and refused adds up; what remains only becomes less within a window", () => {
  heard({ decisions: [decision({ remaining: 0 }), ...refusals(2)] });
  heard({ decisions: [decision({ remaining: 3, resetsAtMs: now + 10_020 })] });
  expect(allowances()).toMatchObject([{ remaining: 0, allowed: 2, denied: 2 }]);
});

test("a new window begins with what it has", () => {
  heard({ decisions: [decision({ remaining: 0 })] });
  now += 11_000;
  heard({ decisions: [decision({ remaining: 4 })] });
  expect(allowances()).toMatchObject([{ remaining: 4 }]);
});

test("what is over is forgotten a minute later", () => {
  heard({ decisions: [decision()], sessions: [session({ expiresAtMs: now + 10_000 })] });
  now += 69_999;
  expect([allowances(), sessions()]).toMatchObject([{ length: 1 }, { length: 1 }]);
  now += 1;
  expect([allowances(), sessions()]).toEqual([[], []]);
});

test("a session without calls is over a minute after its last one", () => {
  heard({ sessions: [session({ callsLeft: 3, at: now - 1 }), session({ callsLeft: 0 })] });
  now += 59_999;
  expect(sessions()).toMatchObject([{ callsLeft: 0, callsMost: 3 }]);
  now += 1;
  expect(sessions()).toEqual([]);
});

test("of many the eight last heard of are shown, the newest first, and how many more there are", () => {
  heard({ decisions: Array.from({ length: 30 }, (_, n) => decision({ client: `10.0.0.${n + 10}`, at: now + n })) });
  heard({ decisions: [decision({ client: "10.0.0.10", at: now + 30 })] });
  expect(known.allowances()).toMatchObject({ shown: { length: 8 }, more: 22 });
  const [first, second, ...others] = allowances().map(({ client }) => client);
  expect([first, second]).toEqual(["10.0.0.10", "10.0.0.39"]);
  expect(others).not.toContain("10.0.0.32");
});

test("of many sessions the six last heard of are shown, the newest first, and it is told how many more there are", () => {
  heard({ sessions: Array.from({ length: 9 }, (_, n) => session({ id: `session-${n}`, at: now + n })) });
  expect(known.sessions().more).toBe(3);
  expect(sessions().map(({ id }) => id)).toEqual([8, 7, 6, 5, 4, 3].map((n) => `session-${n}`));
});

test("a session's bar is as long as its most time and its most calls were", () => {
  heard({ sessions: [session({ callsLeft: 3 })] });
  now += 60_000;
  heard({ sessions: [session({ callsLeft: 1, expiresAtMs: now + 540_000 })] });
  expect(sessions()).toEqual([
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

test("an older word of a session that comes late does not undo a newer one", () => {
  heard({ sessions: [session({ callsLeft: 3, at: now })] });
  heard({ sessions: [session({ callsLeft: 0, at: now + 2_000 })] }, { pid: 2 });
  heard({ sessions: [session({ callsLeft: 2, at: now + 1_000 })] }, { pid: 1 });
  expect(sessions()).toMatchObject([{ callsLeft: 0, callsMost: 3 }]);
});

test("of what two gateways say at the same moment the fewest calls are the last ones", () => {
  heard({ sessions: [session({ callsLeft: 0, at: now })] }, { pid: 2 });
  heard({ sessions: [session({ callsLeft: 1, at: now + 5 })] }, { pid: 1 });
  expect(sessions()).toMatchObject([{ callsLeft: 0 }]);
});

test("calls bought in addition are shown, though at the same moment", () => {
  heard({ sessions: [session({ callsLeft: 0 })] }, { pid: 2 });
  heard({ sessions: [session({ callsLeft: 5, at: now + 5, expiresAtMs: now + 900_000 })] }, { pid: 1 });
  expect(sessions()).toMatchObject([{ callsLeft: 5, expiresAtMs: now + 900_000 }]);
});

test("an older decision that comes late adds to the sums and changes nothing else", () => {
  heard({ decisions: [decision({ remaining: 4, at: now + 11_000, resetsAtMs: now + 20_000 })] }, { pid: 2 });
  heard({
    decisions: [
      decision({ remaining: 0, at: now + 9_000, resetsAtMs: now + 10_000 }),
      ...refusals(3, { at: now + 9_000, resetsAtMs: now + 10_000 }),
    ],
  });
  expect(allowances()).toMatchObject([{ remaining: 4, resetsAtMs: now + 20_000, allowed: 2, denied: 3 }]);
});

test("a session that is refused goes at once, and no older word brings it back", () => {
  heard({ sessions: [session({ callsLeft: 2 })] });
  heard({ sessionsOver: [{ id: "abcd1234", at: now + 2 }] }, { pid: 2 });
  expect(known.sessions()).toEqual({ shown: [], more: 0 });
  heard({ sessions: [session({ callsLeft: 1, at: now + 1 })] });
  expect(sessions()).toEqual([]);
  heard({ sessions: [session({ callsLeft: 3, at: now + 3 })] });
  expect(sessions()).toMatchObject([{ callsLeft: 3 }]);
});

test("a refusal that is older than the last use takes nothing away", () => {
  heard({ sessions: [session({ at: now + 2 })] });
  heard({ sessionsOver: [{ id: "abcd1234", at: now + 1 }] }, { pid: 2 });
  expect(sessions()).toHaveLength(1);
});

test("where nothing is shared, a gateway that does not know a session says nothing of the one that does", () => {
  heard({ sessions: [session()] }, { shared: false });
  heard({ sessionsOver: [{ id: "abcd1234", at: now + 1 }] }, { pid: 2, shared: false });
  expect(sessions()).toMatchObject([{ id: "abcd1234", instance: "gateway-1" }]);
});

test("where nothing is shared, what a process held goes with it, and comes back with no late report", () => {
  for (const pid of [1, 2]) heard({ decisions: [decision()], sessions: [session()] }, { pid, shared: false });
  expect(allowances().map(({ instance, allowed }) => [instance, allowed])).toEqual([
    ["gateway-1", 1],
    ["gateway-2", 1],
  ]);
  ended.add(1);
  heard({ decisions: [decision()] }, { pid: 1, shared: false });
  expect([allowances(), sessions()]).toMatchObject([[{ instance: "gateway-2" }], [{ instance: "gateway-2" }]]);
});

test("what is shared outlives the process that told of it", () => {
  heard({ decisions: [decision()], sessions: [session()] });
  ended.add(1);
  expect([allowances(), sessions()]).toMatchObject([{ length: 1 }, { length: 1 }]);
  expect(sessions()[0]?.instance).toBeUndefined();
});
