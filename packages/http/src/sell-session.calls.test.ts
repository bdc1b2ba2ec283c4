// A sale of a session, call by call: which calls end with the lease, what a crossing attempt finds, and what the answer says.
import { createMemoryStores, type SessionRecord, type SessionStore, StoreError } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import { sellSession } from "./sell-session.ts";

const grant = { extendMs: "10m", quotas: { calls: 100n } };
const gate = { handle: async () => undefined };
const options = { gate, secret: "s".repeat(32), grant, data: () => ({}) };
const stores = () => createMemoryStores<object>().sessions;
const seller = (sessions: SessionStore<object>, more: object = {}) =>
  sellSession<object>({ sessions, bearer: true, ...options, ...more });
const payment = (key = "one") => ({ key, fence: "1", signal: new AbortController().signal });
const presenting = (id: string) => (name: string) => (name === "authorization" ? `Bearer ${id}` : undefined);
const told = ({ body }: Answer) => Object(JSON.parse(new TextDecoder().decode(body)));
const opened = async (sessions: SessionStore<object>) =>
  (await sessions.create({ data: {}, idleTtlMs: 60_000 })).record.id;
const callsOf = async (sessions: SessionStore<object>, id: string) => (await sessions.get(id))?.quotas?.calls;

test("each call ends with the lease, but for the record of a credit that has happened", async () => {
  const sessions = stores();
  const without: string[] = [];
  const { signal } = new AbortController();
  const watched: SessionStore<object> = {
    ...sessions,
    get(id, call) {
      if (call?.signal !== signal) without.push("get");
      return sessions.get(id, call);
    },
    credit(id, credit, call) {
      if (call?.signal !== signal) without.push(`credit ${credit.opId}`);
      return sessions.credit(id, credit, call);
    },
    delete(id, call) {
      if (call?.signal !== signal) without.push("delete");
      return sessions.delete(id, call);
    },
  };
  const sell = seller(watched);
  // Twice: the second attempt makes the session of the first one anew.
  for (const _attempt of [1, 2]) await sell({ ...payment("own"), signal });
  await sell({ ...payment("prolongs"), signal }, presenting(await opened(sessions)));
  expect(without).toEqual(["credit done"]);
});

test("an attempt whose new session another one has made, told and seen rotated makes no further one", async () => {
  const sessions = stores();
  await seller(sessions)(payment());
  let moved = "";
  const crossed: SessionStore<object> = {
    ...sessions,
    async credit(id, credit, call) {
      if (credit.opId === "one again 1" && moved === "") {
        const rotated = await sessions.rotate(told(await seller(sessions)(payment())).session);
        moved = rotated.status === "ok" ? rotated.record.id : "";
      }
      return sessions.credit(id, credit, call);
    },
  };
  await expect(seller(crossed)(payment())).rejects.toThrow("Another attempt");
  expect(await callsOf(sessions, moved)).toBe(100n);
});

test("an attempt that has begun to prolong a session goes on, though `prolongs` says otherwise by now", async () => {
  const sessions = stores();
  const id = await opened(sessions);
  const failing: SessionStore<object> = {
    ...sessions,
    async credit(of, credit, call) {
      const credited = await sessions.credit(of, credit, call);
      if (of === id) throw new StoreError("STORE_UNAVAILABLE", "Lost.", { outcome: "unknown" });
      return credited;
    },
  };
  await expect(seller(failing)(payment(), presenting(id))).rejects.toThrow("Lost");
  const again = await seller(sessions, { prolongs: () => false })(payment(), presenting(id));
  expect([told(again).session, await callsOf(sessions, id)]).toEqual([id, 100n]);
});

test.each(["STORE_INVALID_ARGUMENT", "STORE_VALUE_TOO_LARGE"] as const)(
  "a session that has no room (%s) stays as it is, and the payment buys a new one",
  async (code) => {
    const sessions = stores();
    const id = await opened(sessions);
    const full: SessionStore<object> = {
      ...sessions,
      credit: (of, ...call) =>
        of === id ? Promise.reject(new StoreError(code, "No room.")) : sessions.credit(of, ...call),
    };
    const { session } = told(await seller(full)(payment(), presenting(id)));
    expect([session === id, await callsOf(sessions, session), await callsOf(sessions, id)]).toEqual([
      ...[false, 100n],
      undefined,
    ]);
  },
);

test("the answer is JSON that no cache keeps, and clears no cookie where the session is not presented any more", async () => {
  const sessions = stores();
  const sell = sellSession<object>({ sessions, ...options });
  const id = await opened(sessions);
  const cookie = (name: string) => (name === "cookie" ? `__Host-session=${id}` : undefined);
  const headers = { "cache-control": "no-store", "content-type": "application/json" };
  expect((await sell(payment(), cookie)).headers).toEqual({
    ...headers,
    "set-cookie": expect.stringContaining(`=${id};`),
  });
  expect((await sell(payment())).headers).toEqual(headers);
});

test("`opens` is asked of the session as it will be: it lasts for as long as was bought", async () => {
  const asked: unknown[] = [];
  const opens = ({ data, quotas, createdAtMs, expiresAtMs }: SessionRecord<object>) => {
    asked.push({ data, quotas, lastsMs: expiresAtMs - createdAtMs });
    return true;
  };
  await seller(stores(), { opens })(payment());
  expect(asked).toEqual([{ data: {}, quotas: { calls: 100n }, lastsMs: 600_000 }]);
});

test.each([
  ["a quota without a name", { grant: { extendMs: "10m", quotas: { "": 1n } } }],
  ["a quota with a name of 129 characters", { grant: { extendMs: "10m", quotas: { ["q".repeat(129)]: 1n } } }],
  [
    "101 quotas",
    {
      grant: {
        extendMs: "10m",
        quotas: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`q${index}`, 1n])),
      },
    },
  ],
  ["a secret of 31 characters", { secret: "s".repeat(31) }],
  ["both credentials", { cookie: {} }],
])("%s is refused before a payment comes", (_what, more) => {
  expect(() => seller(stores(), more)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});
