// A session that is prolonged by a payment: credited once, wherever the session goes, and whatever attempts cross each other.
import { createMemoryStores, type SessionStore } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import { sellSession } from "./sell-session.ts";

interface Data {
  plan: string;
}

let now = Date.now();
const stores = () => createMemoryStores<Data>({ clock: { now: () => now } }).sessions;
const gate = { handle: async () => undefined };
const secret = "s".repeat(32);
const grant = { extendMs: "10m", quotas: { calls: 100n } };
const seller = (sessions: SessionStore<Data>, more = {}) =>
  sellSession<Data>({ gate, sessions, secret, grant, bearer: true, data: () => ({ plan: "basic" }), ...more });
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

test("the two minutes are those after the last attempt with that session, however many there were", async () => {
  const sessions = stores();
  const [a, other] = [await opened(sessions), await opened(sessions)];
  const failing = seller({
    ...sessions,
    credit: (id, ...call) =>
      id === a ? Promise.reject(new Error("Its shard is away.")) : sessions.credit(id, ...call),
  });
  for (let tries = 0; tries < 10; tries += 1) {
    now += 100_000;
    await expect(failing(payment(), presenting(a))).rejects.toThrow("away");
  }
  for (const later of [60_000, 59_999]) {
    now += later;
    await expect(seller(sessions)(payment(), presenting(other))).rejects.toThrow("Another attempt");
  }
  now += 1;
  expect(told(await seller(sessions)(payment(), presenting(other))).session).toBe(other);
});

test("attempts whose calls arrive late do not end the session that another has told", async () => {
  const sessions = stores();
  const a = await opened(sessions);
  const goOn: (() => void)[] = [];
  const still = () => new Promise<void>((resolve) => goOn.push(resolve));
  const beginsLate = seller({
    ...sessions,
    async credit(id, grant) {
      if (grant.opId.startsWith("begin")) await still();
      return sessions.credit(id, grant);
    },
  });
  const hearsLate = seller({
    ...sessions,
    async credit(id, grant) {
      const credited = await sessions.credit(id, grant);
      if (grant.opId === "one") await still();
      return credited;
    },
  });
  const one = beginsLate(payment(), presenting(a)).catch((error: Error) => error.name);
  await expect.poll(() => goOn.length).toBe(1);
  const two = hearsLate(payment()).catch((error: Error) => error.name);
  await expect.poll(() => goOn.length).toBe(2);
  const { session } = told(await seller(sessions)(payment()));
  goOn[0]?.();
  expect(await one).toBe("TimeoutError");
  goOn[1]?.();
  await two;
  expect([await callsOf(sessions, session), await callsOf(sessions, a)]).toEqual([100n, 1n]);
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
