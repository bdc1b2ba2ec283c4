// A session that is prolonged by a payment: credited once, wherever the session goes, and whatever attempts cross each other.
import { createMemoryStores, type SessionStore } from "@tollbooth-stores/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import { sellSession } from "./sell-session.ts";

interface Data {
  plan: string;
}

let now = Date.now();
const stores = () => createMemoryStores<Data>({ clock: { now: () => now } }).sessions;
const secret = "s".repeat(32);
const grant = { extendMs: "10m", quotas: { calls: 100n } };
const seller = (sessions: SessionStore<Data>, more = {}) =>
  sellSession<Data>({ sessions, secret, grant, bearer: true, data: () => ({ plan: "basic" }), ...more });
let fence = 0;
/** Each attempt has a lease of its own. */
const payment = () => {
  fence += 1;
  return { key: "one", fence: String(fence), signal: new AbortController().signal };
};
const told = ({ body }: Answer) => Object(JSON.parse(new TextDecoder().decode(body)));
const presenting = (id: string) => (name: string) => (name === "authorization" ? `Bearer ${id}` : undefined);
const callsOf = async (sessions: SessionStore<Data>, id: string) => (await sessions.get(id))?.quotas?.calls ?? 0n;

async function opened(sessions: SessionStore<Data>, plan = "basic"): Promise<string> {
  const id = sessions.newId({});
  await sessions.create({ id, data: { plan }, idleTtlMs: 86_400_000, quotas: { calls: 1n } });
  return id;
}

async function rotated(sessions: SessionStore<Data>, id: string): Promise<string> {
  const moved = await sessions.rotate(id);
  return moved.status === "ok" ? moved.record.id : id;
}

test("an attempt whose answer was lost, and whose session was rotated since, is told without a second credit", async () => {
  const sessions = stores();
  const sell = seller(sessions);
  const a = await opened(sessions);
  const first = told(await sell(payment(), presenting(a)));
  const b = await rotated(sessions, a);
  for (const header of [presenting(a), presenting(b), () => undefined, presenting(await opened(sessions))]) {
    const again = await sell(payment(), header);
    expect(again.status).toBe(201);
    expect(told(again).expiresAt).toBe(first.expiresAt);
  }
  expect(await callsOf(sessions, b)).toBe(101n);
});

test("a session that was rotated between the credit and its record is found, and told under its new id, at once", async () => {
  for (const credits of [true, false]) {
    const sessions = stores();
    const a = await opened(sessions);
    const died = seller({
      ...sessions,
      async credit(id, ...call) {
        if (id !== a) return sessions.credit(id, ...call);
        if (credits) await sessions.credit(id, ...call);
        return new Promise(() => undefined);
      },
    });
    void died(payment(), presenting(a));
    await new Promise((resolve) => setImmediate(resolve));
    const b = await rotated(sessions, a);
    const first = told(await seller(sessions)(payment(), presenting(b)));
    expect(first.session).toBe(b);
    expect(told(await seller(sessions)(payment(), presenting(b)))).toMatchObject({
      session: b,
      expiresAt: first.expiresAt,
    });
    expect(await callsOf(sessions, b)).toBe(101n);
  }
});

test("a session that the payment made, and that was rotated since, is told and not credited again", async () => {
  const sessions = stores();
  const sell = seller(sessions);
  const { session, expiresAt } = told(await sell(payment()));
  const moved = await rotated(sessions, session);
  expect(told(await sell(payment(), presenting(moved)))).toMatchObject({ session: moved, expiresAt });
  expect(await callsOf(sessions, moved)).toBe(100n);
  expect(await sessions.get(session)).toBeNull();
});

test("an attempt that lost its lease credits nothing, though the session that another made is rotated by then", async () => {
  const sessions = stores();
  const a = await opened(sessions);
  const lease = new AbortController();
  let token = "";
  const stalled = seller({
    ...sessions,
    async credit(id, ...call) {
      if (token === "") {
        token = told(await seller(sessions)(payment())).session;
        await rotated(sessions, token);
        lease.abort(new Error("The lease is lost."));
      }
      return sessions.credit(id, ...call);
    },
  });
  await expect(stalled({ ...payment(), signal: lease.signal }, presenting(a))).rejects.toThrow("lease");
  expect(await callsOf(sessions, a)).toBe(1n);
});

test("an attempt that came second with another session leaves no trace: the first one's next attempt goes on at once", async () => {
  const sessions = stores();
  const [a, other] = [await opened(sessions), await opened(sessions)];
  const dying = seller({
    ...sessions,
    credit: (id, ...call) => (id === a ? new Promise(() => undefined) : sessions.credit(id, ...call)),
  });
  let isFirst = true;
  const second = seller({
    ...sessions,
    async credit(id, ...call) {
      if (isFirst) {
        isFirst = false;
        void dying(payment(), presenting(a));
        await new Promise((resolve) => setImmediate(resolve));
      }
      return sessions.credit(id, ...call);
    },
  });
  await expect(second(payment(), presenting(other))).rejects.toThrow("Another attempt");
  expect(told(await seller(sessions)(payment(), presenting(a))).session).toBe(a);
  expect([await callsOf(sessions, a), await callsOf(sessions, other)]).toEqual([101n, 1n]);
});

test("while a credit is under way no other session is made or credited; two minutes after its death one is", async () => {
  const sessions = stores();
  const a = await opened(sessions);
  const died = seller({
    ...sessions,
    credit: (id, ...call) => (id === a ? new Promise(() => undefined) : sessions.credit(id, ...call)),
  });
  void died(payment(), presenting(a));
  await new Promise((resolve) => setImmediate(resolve));
  const [b, other] = [await rotated(sessions, a), await opened(sessions)];
  const sell = seller(sessions);
  for (const header of [presenting(a), presenting(other), () => undefined]) {
    await expect(sell(payment(), header)).rejects.toThrow("Another attempt");
  }
  now += 120_001;
  expect(told(await sell(payment(), presenting(other))).session).toBe(other);
  expect([await callsOf(sessions, b), await callsOf(sessions, other)]).toEqual([1n, 101n]);
});

test("an attempt that died after the credit is finished by the next one with the same session", async () => {
  const sessions = stores();
  const a = await opened(sessions);
  const died = seller({
    ...sessions,
    async credit(id, ...call) {
      const credited = await sessions.credit(id, ...call);
      return id === a ? new Promise(() => undefined) : credited;
    },
  });
  void died(payment(), presenting(a));
  await new Promise((resolve) => setImmediate(resolve));
  expect(told(await seller(sessions)(payment(), presenting(a))).session).toBe(a);
  expect(await callsOf(sessions, a)).toBe(101n);
});

test("a session of another plan is not prolonged where `prolongs` says so", async () => {
  const sessions = stores();
  const pro = await opened(sessions, "pro");
  const sell = seller(sessions, { prolongs: ({ data }: { data: Data }) => data.plan === "basic" });
  const { session } = told(await sell(payment(), presenting(pro)));
  expect(session).not.toBe(pro);
  expect([await callsOf(sessions, pro), await callsOf(sessions, session)]).toEqual([1n, 100n]);
});

test("attempts that cross each other in any order give one grant, and the last word is always an answer", {
  timeout: 60_000,
}, async () => {
  const presents = fc.constantFrom("a", "b", "other", "none");
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(presents, { minLength: 2, maxLength: 3 }),
      fc.boolean(),
      async (s, who, rotates) => {
        const sessions = stores();
        const ids: Record<string, string> = { a: await opened(sessions), other: await opened(sessions) };
        const slow: SessionStore<Data> = {
          ...sessions,
          get: (...call) => s.schedule(Promise.resolve()).then(() => sessions.get(...call)),
          credit: (...call) => s.schedule(Promise.resolve()).then(() => sessions.credit(...call)),
          debit: (...call) => s.schedule(Promise.resolve()).then(() => sessions.debit(...call)),
          delete: (...call) => s.schedule(Promise.resolve()).then(() => sessions.delete(...call)),
        };
        const made = new Set(Object.values(ids));
        const header = (name: string) => (ids[name] === undefined ? () => undefined : presenting(ids[name]));
        const attempts = who.map((name) =>
          seller(slow)(payment(), header(name)).then(
            (answer) => made.add(told(answer).session),
            (error: Error) => expect(error.name).toBe("TimeoutError"),
          ),
        );
        if (rotates) {
          attempts.push(
            s.schedule(Promise.resolve()).then(async () => {
              ids.b = await rotated(sessions, ids.a ?? "");
              made.add(ids.b);
            }),
          );
        }
        await s.waitFor(Promise.all(attempts));
        now += 400_000;
        const last = await seller(sessions)(payment(), header(who[0] ?? "none"));
        made.add(told(last).session);
        let granted = 0n;
        for (const id of made) if (id !== undefined) granted += (await callsOf(sessions, id)) / 100n;
        expect(granted).toBe(1n);
      },
    ),
    { numRuns: 300 },
  );
});
