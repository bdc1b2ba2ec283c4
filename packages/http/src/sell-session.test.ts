// A session that was paid for: whatever happened in between, its payer gets all of it, once.
import { createMemoryStores, type SessionStore, StoreError } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import { sellSession } from "./sell-session.ts";
import { presentedSession } from "./session-credential.ts";

let now = Date.now();
const stores = () => createMemoryStores<{ payer: string | undefined }>({ clock: { now: () => now } }).sessions;
const gate = { handle: async () => undefined };
const secret = "s".repeat(32);
const grant = { extendMs: "10m", quotas: { calls: 3n } };
const seller = (sessions: SessionStore<{ payer: string | undefined }>, more = {}) =>
  sellSession({ gate, sessions, secret, grant, bearer: true, data: ({ payer }) => ({ payer }), ...more });
const payment = (key: string, fence = "1", signal = new AbortController().signal) => ({
  key,
  fence,
  signal,
  payer: "0xann",
});
const told = ({ body }: Answer) => Object(JSON.parse(new TextDecoder().decode(body)));
const presenting = (token: string) => (name: string) => (name === "authorization" ? `Bearer ${token}` : undefined);

test("is told once, and opens what was bought", async () => {
  const sessions = stores();
  const answer = await seller(sessions)(payment("one"));
  const { session, expiresAt, quotas } = told(answer);
  expect([answer.status, expiresAt, quotas]).toEqual([201, new Date(now + 600_000).toISOString(), { calls: "3" }]);
  expect(await sessions.get(session)).toMatchObject({ data: { payer: "0xann" }, quotas: { calls: 3n } });
});

test("the token is the payment's, whatever instance makes it, and cannot be made without the secret", async () => {
  const token = async (more = {}) => told(await seller(stores(), more)(payment("one"))).session;
  expect(await token()).toBe(await token());
  expect(await token({ secret: "t".repeat(32) })).not.toBe(await token());
});

test.each([0, 600_000, 29 * 86_400_000])(
  "a crash after the credit leaves its payer a whole session, %i ms later",
  async (later) => {
    const sessions = stores();
    await seller(sessions)(payment("one", "1"));
    now += later;
    for (const fence of ["2", "3"]) {
      now += 1_000;
      const { session, expiresAt, quotas } = told(await seller(sessions)(payment("one", fence)));
      expect([expiresAt, quotas]).toEqual([new Date(now + 600_000).toISOString(), { calls: "3" }]);
      expect(await sessions.get(session)).toMatchObject({ expiresAtMs: now + 600_000, quotas: { calls: 3n } });
    }
  },
);

test("a lost reply of the store fails the attempt, and the next one has one whole session", async () => {
  const sessions = stores();
  let lose = true;
  const losing: typeof sessions = {
    ...sessions,
    async credit(...call) {
      const reply = await sessions.credit(...call);
      if (lose && call[1].opId === "one") throw new StoreError("STORE_UNAVAILABLE", "Lost.", { outcome: "unknown" });
      return reply;
    },
  };
  await expect(seller(losing)(payment("one", "1"))).rejects.toThrow("Lost");
  lose = false;
  expect(told(await seller(losing)(payment("one", "2"))).quotas).toEqual({ calls: "3" });
});

test("an attempt that stood still does not throw away the session that another has told", async () => {
  const sessions = stores();
  await seller(sessions)(payment("one", "1"));
  let goOn: (() => void) | undefined;
  const stalling: typeof sessions = {
    ...sessions,
    async credit(...call) {
      const reply = await sessions.credit(...call);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return reply;
    },
  };
  const stalled = seller(stalling)(payment("one", "2"));
  await expect.poll(() => goOn).toBeDefined();
  const { session } = told(await seller(sessions)(payment("one", "3")));
  await sessions.debit(session, { quota: "calls", amount: 1n, opId: "use" });
  goOn?.();
  await expect(stalled).rejects.toThrow("ahead");
  expect((await sessions.get(session))?.quotas).toEqual({ calls: 2n });
});

test("a session that another attempt made between reading and crediting stays as it was told", async () => {
  const sessions = stores();
  const { session } = told(await seller(stores())(payment("one")));
  const overtaken: typeof sessions = {
    ...sessions,
    async get(...call) {
      const found = await sessions.get(...call);
      if (found === null && call[0] === session) await seller(sessions)(payment("one", "3"));
      return found;
    },
  };
  await expect(seller(overtaken)(payment("one", "2"))).rejects.toThrow("ahead");
  expect(await sessions.get(session)).toMatchObject({ expiresAtMs: now + 600_000, quotas: { calls: 3n } });
});

test("a credit that arrives late adds nothing to what another attempt has told since", async () => {
  const sessions = stores();
  await seller(sessions)(payment("one", "1"));
  let arrive = () => Promise.resolve<unknown>(undefined);
  const late: typeof sessions = {
    ...sessions,
    credit(id, grant, options) {
      if (!grant.opId.includes("again")) return sessions.credit(id, grant, options);
      arrive = () => sessions.credit(id, grant);
      return Promise.reject(new Error("The lease is lost."));
    },
  };
  await expect(seller(late)(payment("one", "2"))).rejects.toThrow("lease");
  const { session } = told(await seller(sessions)(payment("one", "3")));
  await arrive();
  expect(await sessions.get(session)).toMatchObject({ expiresAtMs: now + 600_000, quotas: { calls: 3n } });
});

test("a payment that comes again with its session, or with what that was rotated to, is told it as it is", async () => {
  const sessions = stores();
  const { session } = told(await seller(sessions)(payment("one", "1")));
  await sessions.debit(session, { quota: "calls", amount: 1n });
  now += 121_000;
  const moved = await sessions.rotate(session);
  const id = moved.status === "ok" ? moved.record.id : "";
  const again = told(await seller(sessions)(payment("one", "2"), presenting(id)));
  expect([again.session, again.quotas]).toEqual([id, { calls: "2" }]);
  expect(again.expiresAt).toBe(new Date(now + 479_000).toISOString());
});

test("a session that was moved in this request is prolonged under its new id", async () => {
  const sessions = stores();
  const sell = seller(sessions);
  const { session } = told(await sell(payment("one")));
  const ids = [session];
  for (const _turn of [1, 2]) {
    const moved = await sessions.rotate(ids.at(-1) ?? "");
    ids.push(moved.status === "ok" ? moved.record.id : "");
  }
  const moves = new Map(ids.slice(1).map((id, index) => [ids[index] ?? "", id]));
  const prolonged = told(await sell(payment("two"), presenting(session), moves));
  expect(prolonged).toMatchObject({ session: ids[2], quotas: { calls: "6" } });
});

test("an attempt that has lost its lease changes nothing more", async () => {
  const sessions = stores();
  const { session } = told(await seller(sessions)(payment("one", "1")));
  const version = (await sessions.get(session))?.version;
  const lost = AbortSignal.abort(new Error("The lease is lost."));
  await expect(seller({ ...sessions, get: (id) => sessions.get(id) })(payment("one", "2", lost))).rejects.toThrow(
    "lease",
  );
  expect((await sessions.get(session))?.version).toBe(version);
});

test("a session that is presented is prolonged once by one payment, and by each of two at once", async () => {
  const sessions = stores();
  const sell = seller(sessions);
  const { session } = told(await sell(payment("one")));
  const both = await Promise.all([
    sell(payment("two"), presenting(session)),
    sell(payment("three"), presenting(session)),
  ]);
  await sell(payment("two", "2"), presenting(session));
  expect(both.map((answer) => told(answer).session)).toEqual([session, session]);
  expect(await sessions.get(session)).toMatchObject({ expiresAtMs: now + 1_800_000, quotas: { calls: 9n } });
});

test("a payment for a session that is over, or has no room, buys a new one", async () => {
  const sessions = stores();
  const sell = seller(sessions);
  const { session } = told(await sell(payment("one")));
  await sessions.delete(session);
  expect(told(await sell(payment("two"), presenting(session))).session).not.toBe(session);
  const short = (await sessions.create({ data: { payer: undefined }, absoluteTtlMs: 60_000 })).record.id;
  expect(told(await sell(payment("three"), presenting(short)))).toMatchObject({ quotas: { calls: "3" } });
  expect((await sessions.get(short))?.expiresAtMs).toBe(now + 60_000);
});

test("by cookie the token is in the cookie alone", async () => {
  const answer = await seller(stores(), { bearer: undefined, cookie: {} })(payment("one"));
  expect(told(answer).session).toBeUndefined();
  expect(answer.headers["set-cookie"]).toMatch(/^__Host-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
});

test.each([
  [{ secret: "short" }, "secret"],
  [{ grant: { extendMs: 0 } }, "grant.extendMs"],
  [{ grant: { extendMs: 10 } }, 'ten minutes are "10m"'],
  [{ grant: { extendMs: 999 } }, "grant.extendMs"],
  [{ grant: { extendMs: "10m", quotas: { calls: 0n } } }, "grant.quotas"],
  [{ grant: { extendMs: "10m", quotas: { calls: 2n ** 63n } } }, "grant.quotas"],
  [{ grant: { extendMs: "10m", quotas: { calls: 100 } } }, "grant.quotas"],
  [{ secret: undefined }, "secret"],
  [{ data: undefined }, "data"],
  [{ sessions: {} }, "stores.sessions"],
  [{ gate: {} }, "gate must be"],
  [{ gate: { handle: async () => undefined, answers: false } }, "answers: soldSessions"],
])("options that would fail after the payment are refused at once", (more, words) => {
  expect(() => seller(stores(), more)).toThrow(words);
  expect(() => seller(stores(), more)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});

test("behind a gate that settles later nothing is given", async () => {
  const sessions = stores();
  const held = told(await seller(sessions)(payment("one"))).session;
  const before = await sessions.get(held);
  const later = { ...payment("two"), settled: false };
  for (const header of [() => undefined, presenting(held)]) {
    await expect(seller(sessions)(later, header)).rejects.toThrow("settle-then-serve");
  }
  expect(await sessions.get(held)).toEqual(before);
  expect(await seller(sessions)({ ...later, settled: true })).toMatchObject({ status: 201 });
});

test("the collector of a payment names the session that it prolongs by a hash", () => {
  const collector = presentedSession({ bearer: true });
  const of = (authorization?: string) =>
    collector({
      ...{ path: "/", method: "GET" },
      adapter: {
        getHeader: (name) => (name === "authorization" ? authorization : undefined),
        ...{
          getMethod: () => "GET",
          getPath: () => "/",
          getUrl: () => "/",
          getAcceptHeader: () => "",
          getUserAgent: () => "",
        },
      },
    });
  const [one, other] = ["A".repeat(43), "B".repeat(43)];
  expect([of(), of("Bearer x")]).toEqual([undefined, undefined]);
  expect(of(`Bearer ${one}`)).not.toBe(of(`Bearer ${other}`));
  expect(of(`Bearer ${one}`)).not.toContain(one);
});
