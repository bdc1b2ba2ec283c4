// Sessions of requests: which credentials open one, and what handlers do with it.
import { createMemoryStores, type SessionStore, StoreError } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { type RequestSession, type SessionOptions, sessionReader } from "./request-session.ts";
import { credentialOf } from "./session-credential.ts";
import { spendCall } from "./spend-call.ts";

type Data = { user: string };
const { sessions } = createMemoryStores<Data>();
const lost = () => new StoreError("STORE_UNAVAILABLE", "Lost.", { outcome: "unknown" });
const newSession = async (quotas: Record<string, bigint> = {}) =>
  (await sessions.create({ data: { user: "ann" }, idleTtlMs: 60_000, quotas })).record.id;

async function read(
  headers: Record<string, string>,
  more: Partial<SessionOptions<Data>> = {},
  store: SessionStore<Data> = sessions,
) {
  const told: string[] = [];
  const teller = { requireTellable: () => undefined, tell: (line: string) => told.push(line) };
  const options: SessionOptions<Data> = more.bearer
    ? { sessions: store, ...more, bearer: true, cookie: undefined }
    : { sessions: store, ...more, bearer: undefined };
  const found = await sessionReader(options)((name) => headers[name], teller);
  return { ...found, told };
}
async function held(
  id: string,
  store?: SessionStore<Data>,
): Promise<{ session: RequestSession<Data>; told: string[] }> {
  const { session, told } = await read({ cookie: `__Host-session=${id}` }, {}, store);
  if (session === undefined) throw new Error("No session.");
  return { session, told };
}
/** Fails every call. */
const away: SessionStore<Data> = { ...sessions, get: () => Promise.reject(lost()) };
const unknownId = `${"A".repeat(19)}.${"B".repeat(43)}`;

test.each([
  ["missing", undefined],
  ["empty", ""],
  ["oversized", "x".repeat(8_000)],
  ["malformed", "../../etc"],
  ["with a space", `${"A".repeat(42)} `],
])("a credential that is %s is 401 without asking the store, and passes where none is required", async (_what, id) => {
  const sent = [
    { options: {}, headers: id === undefined ? {} : { cookie: `a=b; __Host-session=${id}` } },
    { options: { bearer: true as const }, headers: id === undefined ? {} : { authorization: `Bearer ${id}` } },
  ];
  for (const { options, headers } of sent) {
    expect((await read(headers, options, away)).refused?.status).toBe(401);
    const { session } = await read(headers, { ...options, required: false }, away);
    expect(session).toMatchObject({ id: undefined, record: undefined });
  }
});

test("an unknown credential is 401, and its cookie stays: a request beside it may have rotated", async () => {
  const { refused, told } = await read({ cookie: `__Host-session=${unknownId}` });
  expect([refused?.status, told]).toEqual([401, []]);
  expect(new TextDecoder().decode(refused?.body)).not.toContain(unknownId);
});

test("a 401 of bearer tokens says so", async () => {
  expect((await read({}, { bearer: true })).refused?.headers["www-authenticate"]).toBe("Bearer");
});

test("two cookies of the name are refused, because one was planted", async () => {
  const id = await newSession();
  expect((await read({ cookie: `__Host-session=${id}; __Host-session=${unknownId}` })).refused?.status).toBe(401);
  expect((await read({ cookie: `__Host-session=${id}; __Host-session=${id}` })).session?.id).toBe(id);
});

test("a store that is away is 503 with Retry-After, also where no session is required", async () => {
  for (const required of [true, false]) {
    const { refused } = await read({ cookie: `__Host-session=${unknownId}` }, { required }, away);
    expect([refused?.status, refused?.headers["retry-after"]]).toEqual([503, "1"]);
  }
});

test("touch extends the session, and without it nothing does", async () => {
  const id = await newSession();
  const touches: unknown[] = [];
  const watched: SessionStore<Data> = {
    ...sessions,
    get(one, options) {
      touches.push(options?.touch);
      return sessions.get(one, options);
    },
  };
  await read({ cookie: `__Host-session=${id}` }, { touch: true }, watched);
  await read({ cookie: `__Host-session=${id}` }, {}, watched);
  expect(touches).toEqual([true, false]);
});

test("rotate tells the new id in a cookie, and the old id opens nothing", async () => {
  const id = await newSession();
  const { session, told } = await held(id);
  expect(await session.rotate()).toBe(true);
  expect(session.id).not.toBe(id);
  expect(told).toEqual([`__Host-session=${session.id}; Path=/; HttpOnly; SameSite=Lax; Secure`]);
  expect((await read({ cookie: `__Host-session=${id}` })).refused?.status).toBe(401);
  expect((await held(session.id ?? "")).session.record?.data).toEqual({ user: "ann" });
});

test("of two requests that rotate at once one does, and the other leaves the cookie alone", async () => {
  const id = await newSession();
  const both = [await held(id), await held(id)];
  const rotated = await Promise.all(both.map(({ session }) => session.rotate()));
  expect(rotated.sort()).toEqual([false, true]);
  expect(both.flatMap(({ told }) => told)).toHaveLength(1);
});

test("a rotate whose reply is lost has the new id all the same", async () => {
  const id = await newSession();
  let calls = 0;
  const losing: SessionStore<Data> = {
    ...sessions,
    async rotate(...call) {
      const reply = await sessions.rotate(...call);
      calls += 1;
      if (calls === 1) throw lost();
      return reply;
    },
  };
  const { session, told } = await held(id, losing);
  expect([await session.rotate(), calls, told.length]).toEqual([true, 2, 1]);
  expect(await sessions.get(session.id ?? "")).not.toBeNull();
});

test("open tells the session in a cookie, and a lost reply makes no second one", async () => {
  const made: string[] = [];
  const losing: SessionStore<Data> = Object.assign({}, sessions, {
    async create(input: Parameters<SessionStore<Data>["create"]>[0]) {
      const reply = await sessions.create(input);
      if (reply.status === "ok") made.push(reply.record.id);
      if (made.length === 1 && reply.status === "ok") throw lost();
      return reply;
    },
  });
  const { session, told } = await read({}, { required: false }, losing);
  const record = await session?.open({ data: { user: "bob" }, idleTtlMs: 60_000 });
  expect(made).toEqual([record?.id]);
  expect(told).toEqual([`__Host-session=${record?.id}; Path=/; HttpOnly; SameSite=Lax; Secure`]);
});

test("logout ends the session and clears its cookie; where the store fails, the cookie stays", async () => {
  const id = await newSession();
  const broken = await held(id, { ...sessions, delete: () => Promise.reject(lost()) });
  await expect(broken.session.logout()).rejects.toThrow("Lost");
  expect(broken.told).toEqual([]);
  const { session, told } = await held(id);
  expect(await session.logout()).toBe(true);
  expect(told).toEqual(["__Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"]);
  expect(await sessions.get(id)).toBeNull();
});

test("a logout beside a rotate of another request says that it ended nothing, and clears its cookie all the same", async () => {
  const id = await newSession();
  const [leaving, moving] = [await held(id), await held(id)];
  expect(await moving.session.rotate()).toBe(true);
  expect([await leaving.session.logout(), leaving.told]).toEqual([false, [expect.stringContaining("Max-Age=0")]]);
  expect(await sessions.get(moving.session.id ?? "")).not.toBeNull();
  expect(await moving.session.logout()).toBe(true);
  expect(await moving.session.logout()).toBe(false);
});

test("a logout whose request is lost on its way ends the session at the second try", async () => {
  const id = await newSession();
  let calls = 0;
  const losing: SessionStore<Data> = {
    ...sessions,
    async delete(...call) {
      calls += 1;
      if (calls === 1) throw lost();
      return sessions.delete(...call);
    },
  };
  const { session, told } = await held(id, losing);
  expect([await session.logout(), calls, told.length]).toEqual([true, 2, 1]);
  expect(await sessions.get(id)).toBeNull();
});

test("a call is given back to the session that it came from, where that has moved and where another was opened", async () => {
  const id = await newSession({ calls: 2n });
  const { session } = await held(id);
  const spent = await session.spend("calls");
  if (spent.status !== "ok") throw new Error("Not spent.");
  for (const _turn of [1, 2]) expect(await session.rotate()).toBe(true);
  const moved = session.id ?? "";
  const opened = await session.open({ data: { user: "bob" }, idleTtlMs: 60_000, quotas: { calls: 1n } });
  await spent.giveBack();
  expect([(await sessions.get(moved))?.quotas, (await sessions.get(opened.id))?.quotas]).toEqual([
    { calls: 2n },
    { calls: 1n },
  ]);
});

test("a call is spent once, also where the reply was lost, and given back once", async () => {
  const id = await newSession({ calls: 2n });
  let calls = 0;
  const losing: SessionStore<Data> = {
    ...sessions,
    async debit(...call) {
      const reply = await sessions.debit(...call);
      calls += 1;
      if (calls === 1) throw lost();
      return reply;
    },
  };
  const { session } = await held(id, losing);
  const spent = await session.spend("calls");
  expect(spent).toMatchObject({ status: "ok", remaining: 1n });
  if (spent.status !== "ok") throw new Error("Not spent.");
  await Promise.all([spent.giveBack(), spent.giveBack()]);
  expect((await sessions.get(id))?.quotas).toEqual({ calls: 2n });
});

test("of 5 requests at once for 2 calls 2 go on, and the others are 402, or 403 where that is asked for", async () => {
  const { session } = await held(await newSession({ calls: 2n }));
  const all = await Promise.all([1, 2, 3, 4, 5].map(() => spendCall(session, "calls")));
  expect(all.map(({ refused }) => refused?.status ?? 200).sort()).toEqual([200, 200, 402, 402, 402]);
  expect((await spendCall(session, "calls", { status: 403 })).refused?.status).toBe(403);
});

test("a session that ended before its call is spent is 401, and a store that is away 503", async () => {
  const id = await newSession({ calls: 1n });
  const { session } = await held(id, { ...sessions, debit: () => Promise.reject(lost()) });
  expect((await spendCall(session, "calls")).refused?.status).toBe(503);
  const ended = await held(id);
  await sessions.delete(id);
  expect((await spendCall(ended.session, "calls")).refused?.status).toBe(401);
});

test.each([
  [{ cookie: { name: "a b" } }, "cookie.name"],
  [{ cookie: { name: "__Host-a", secure: false } }, "secure"],
  [{ cookie: { maxAgeSeconds: 0.5 } }, "maxAgeSeconds"],
])("options that no browser follows are refused: %j", (options, words) => {
  expect(() => credentialOf(options)).toThrow(words);
});

test("without https the cookie has another name, and no Secure", () => {
  const credential = credentialOf({ cookie: { secure: false, sameSite: "Strict", maxAgeSeconds: 60 } });
  expect(credential.cookieLine("id")).toBe("session=id; Path=/; HttpOnly; SameSite=Strict; Max-Age=60");
});
