// Sessions of several kinds in one store. A route treats a session that it does not open as if there were none.
import { createMemoryStores, type SessionStore, StoreError } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { type SessionOptions, sessionReader } from "./request-session.ts";
import { sellSession } from "./sell-session.ts";
import { spendCall } from "./spend-call.ts";

interface Data {
  plan: string;
}
let now = Date.now();
const { sessions } = createMemoryStores<Data>({ clock: { now: () => now } });
const opens = ({ data }: { data: Data }) => data.plan === "pass";
const created = async (plan: string) =>
  (await sessions.create({ data: { plan }, idleTtlMs: 60_000, quotas: { calls: 3n } })).record.id;
const teller = { requireTellable: () => undefined, tell: () => undefined };
const bearer = (id: string) => (name: string) => (name === "authorization" ? `Bearer ${id}` : undefined);
const cookie = (id: string) => (name: string) => (name === "cookie" ? `__Host-session=${id}` : undefined);
const read = (id: string, more: Partial<SessionOptions<Data>> = {}) =>
  sessionReader<Data>({ sessions, bearer: true, opens, ...more, cookie: undefined })(bearer(id), teller);
const unknownId = `${"A".repeat(19)}.${"B".repeat(43)}`;

test("a session that is not opened is refused in the very words of one that never was", async () => {
  const [login, pass] = [await created("login"), await created("pass")];
  expect((await read(login)).refused).toEqual((await read(unknownId)).refused);
  expect((await read(login)).refused?.status).toBe(401);
  expect((await read(pass)).session?.record?.data.plan).toBe("pass");
  const byCookie = sessionReader({ sessions, opens });
  expect(await byCookie(cookie(login), teller)).toEqual(await byCookie(cookie(unknownId), teller));
});

test("where none is required it is no session: it is not moved, used, ended or extended", async () => {
  const login = await created("login");
  const before = await sessions.get(login);
  now += 1_000;
  const { session } = await read(login, { required: false, touch: true });
  if (session === undefined) throw new Error("Refused.");
  expect([session.id, session.record, await session.rotate(), await session.logout()]).toEqual([
    undefined,
    undefined,
    false,
    false,
  ]);
  expect((await spendCall(session, "calls")).refused?.status).toBe(401);
  expect(await sessions.get(login)).toEqual(before);
});

test("a session that is opened is extended as ever, and a store that is away while it is, is 503", async () => {
  const pass = await created("pass");
  now += 1_000;
  expect((await read(pass, { touch: true })).session?.record?.expiresAtMs).toBe(now + 60_000);
  expect((await sessions.get(pass))?.expiresAtMs).toBe(now + 60_000);
  const away = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "Away."));
  const losing: SessionStore<Data> = { ...sessions, touch: away };
  expect((await read(pass, { touch: true, sessions: losing })).refused?.status).toBe(503);
  const ended: SessionStore<Data> = { ...sessions, touch: async () => ({ status: "missing" }) };
  expect((await read(pass, { touch: true, sessions: ended })).refused?.status).toBe(401);
});

test.each([
  ["a promise", Promise.resolve(false)],
  ["a promise of true", Promise.resolve(true)],
  ["a text", "no"],
  ["nothing", undefined],
  ["a number", 1],
])("opens that returns %s opens nothing: STORE_CONFIG, for each session", async (_what, answer) => {
  const pass = await created("pass");
  for (const required of [true, false]) {
    const asked = read(pass, { required, opens: Object(() => answer) });
    await expect(asked).rejects.toMatchObject({ code: "STORE_CONFIG", message: expect.stringContaining("opens") });
  }
});

test("what opens throws is the error of the request", async () => {
  const broken = () => {
    throw new TypeError("No such plan.");
  };
  await expect(read(await created("pass"), { required: false, opens: broken })).rejects.toThrow("No such plan.");
});

const refusedOptions: [string, unknown, string][] = [
  ["a store", sessions, "sessions: stores.sessions"],
  ["all stores", createMemoryStores(), "rateLimits"],
  ["nothing", undefined, "sessions: stores.sessions"],
  ["no store", {}, "sessions: stores.sessions"],
  ["a misspelt opens", { sessions, open: opens }, '"opens"'],
  ["opens that is no function", { sessions, opens: "pass" }, "opens must be a function"],
];
test.each(refusedOptions)(
  "%s in the place of session options is STORE_CONFIG when they are given",
  (_what, options, words) => {
    expect(() => sessionReader(Object(options))).toThrow(
      expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining(words) }),
    );
  },
);

const seller = (more = {}) => {
  const grant = { extendMs: "10m", quotas: { calls: 100n } };
  const gate = { handle: async () => undefined };
  const options = {
    gate,
    sessions,
    secret: "s".repeat(32),
    grant,
    bearer: true,
    data: () => ({ plan: "pass" }),
  } as const;
  return sellSession<Data>({ ...options, opens, ...more });
};
let key = 0;
const payment = () => {
  key += 1;
  return { key: String(key), fence: "1", signal: new AbortController().signal };
};
const callsOf = async (id: string) => (await sessions.get(id))?.quotas?.calls;

test("a payment that presents a session which is not opened buys a new one, and prolongs one that is", async () => {
  const [login, pass] = [await created("login"), await created("pass")];
  const { body } = await seller()(payment(), bearer(login));
  const { session } = JSON.parse(new TextDecoder().decode(body));
  expect([await callsOf(login), await callsOf(session), (await read(session)).refused]).toEqual([3n, 100n, undefined]);
  await seller()(payment(), bearer(pass));
  expect(await callsOf(pass)).toBe(103n);
});

test("what a new session remembers may be told by a promise", async () => {
  const { body } = await seller({ data: async () => ({ plan: "pass" }) })(payment(), () => undefined);
  const { session } = JSON.parse(new TextDecoder().decode(body));
  expect((await read(session)).session?.record?.data).toEqual({ plan: "pass" });
});

test("prolongs is asked of a session that is opened alone, and its answer must be one", async () => {
  const [login, pass] = [await created("login"), await created("pass")];
  await seller({ prolongs: () => true })(payment(), bearer(login));
  await seller({ prolongs: () => false })(payment(), bearer(pass));
  const unclear = seller({ prolongs: async () => false })(payment(), bearer(pass));
  await expect(unclear).rejects.toMatchObject({ code: "STORE_CONFIG", message: expect.stringContaining("prolongs") });
  expect([await callsOf(login), await callsOf(pass)]).toEqual([3n, 3n]);
});

test("a sale whose new session would open nothing gives nothing: STORE_CONFIG, and the payment stays owed", async () => {
  const pass = await created("pass");
  const useless = seller({ data: () => ({ plan: "basic" }) });
  for (const header of [() => undefined, bearer(pass)]) {
    await expect(useless(payment(), header)).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: expect.stringContaining("data"),
    });
  }
  expect(await callsOf(pass)).toBe(3n);
});

test.each([
  [{ prolong: () => true }, '"prolongs"'],
  [{ prolongs: true }, "prolongs must be a function"],
  [{ opens: true }, "opens must be a function"],
])("a sale with %o is STORE_CONFIG when it is made", (more, words) => {
  expect(() => seller(more)).toThrow(
    expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining(words) }),
  );
});
