// The mark beside a payment that buys time: what it decides, what it counts, and how long it is remembered.
import { createMemoryStores, type SessionStore } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { OWN, readMark, sessionName, takeMark } from "./sale-mark.ts";

const markId = "A".repeat(43);
let now = Date.now();
const stores = () => createMemoryStores<object>({ clock: { now: () => now } }).sessions;
const take = (sessions: SessionStore<object>, signal = new AbortController().signal) =>
  takeMark(sessions, { markId, data: {}, signal });

test("a payment that has lost a session of its own makes another one of its own, also where its decision has ended", async () => {
  const sessions = stores();
  const mark = await take(sessions);
  await mark.decide(OWN);
  now += 120_001;
  expect(await mark.lose(0n)).toBe(1n);
  expect(await readMark(sessions, markId)).toMatchObject({ of: OWN, lost: 1n });
});

test("two attempts that lose the same session count as one", async () => {
  const sessions = stores();
  for (const mark of [await take(sessions), await take(sessions)]) await mark.lose(0n);
  expect((await readMark(sessions, markId)).lost).toBe(1n);
});

test("two decisions at once are none for either session, in whatever order the store tells them", async () => {
  const names = [sessionName(stores(), "a"), sessionName(stores(), "b")];
  for (const [one = "", other = ""] of [names, names.toReversed()]) {
    const record = { id: markId, data: {}, version: 1, createdAtMs: now, expiresAtMs: now + 1_000 };
    const { of } = await readMark({ get: async () => ({ ...record, quotas: { [one]: 1n, [other]: 1n } }) }, markId);
    expect([undefined, ...names]).not.toContain(of);
  }
});

test("a session that was prolonged is remembered for longer than its payment can be owed", async () => {
  const sessions = stores();
  const [name, untilMs] = [sessionName(sessions, "a"), now + 600_000];
  await (await take(sessions)).prolonged(name, untilMs);
  now += 31 * 86_400_000 + 3_600_000;
  expect((await readMark(sessions, markId)).prolonged).toEqual({ name, untilMs });
});

test("a decision that the store does not take counts for nothing", async () => {
  const refusing: SessionStore<object> = { ...stores(), credit: async () => ({ status: "missing" }) };
  await expect((await take(refusing)).decide(OWN)).rejects.toMatchObject({ name: "TimeoutError" });
});

test("an attempt without its lease does not read the mark", async () => {
  await expect(take(stores(), AbortSignal.abort(new Error("The lease is lost.")))).rejects.toThrow("lease");
});
