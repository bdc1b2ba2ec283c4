// A session's methods where something is in the way: no cookie can be told, the store fails, or the session is gone.
import { createMemoryStores, type SessionStore, StoreError } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { sessionReader } from "./request-session.ts";
import { spendCall } from "./spend-call.ts";

const { sessions } = createMemoryStores<object>();
const opened = async () => (await sessions.create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n } })).record.id;
const away = (outcome: "not-applied" | "unknown") => new StoreError("STORE_UNAVAILABLE", "Away.", { outcome });

async function held(id: string | undefined, store: SessionStore<object> = sessions, requireTellable = () => {}) {
  const read = sessionReader({ sessions: store, required: false });
  const header = (name: string) => (name === "cookie" && id !== undefined ? `__Host-session=${id}` : undefined);
  const { session } = await read(header, { requireTellable, tell: () => undefined });
  if (session === undefined) throw new Error("No session.");
  return session;
}

test("where no cookie can be told, nothing is opened, moved or ended", async () => {
  const id = await opened();
  const before = await sessions.get(id);
  const changes: string[] = [];
  const create = () => expect.unreachable("A session is opened.");
  const session = await held(id, { ...sessions, create }, () => {
    changes.push("asked");
    throw new TypeError("The headers are sent.");
  });
  for (const change of [() => session.open({ data: {}, idleTtlMs: 1_000 }), session.rotate, session.logout]) {
    await expect(change()).rejects.toThrow("The headers are sent.");
  }
  expect([changes.length, session.id, await sessions.get(id)]).toEqual([3, id, before]);
});

test("after a logout the request has no session: none is used, moved or ended again", async () => {
  const session = await held(await opened());
  expect(await session.logout()).toBe(true);
  expect([session.id, session.record, await session.rotate()]).toEqual([undefined, undefined, false]);
  expect(await session.spend("calls")).toEqual({ status: "missing" });
});

test("a session that is gone before the lost reply of its opening is asked for again is an error", async () => {
  const vanishing: SessionStore<object> = Object.assign({}, sessions, {
    create: async (input: Parameters<SessionStore<object>["create"]>[0]) => {
      const created = await sessions.create(input);
      await sessions.delete(created.status === "ok" ? created.record.id : "");
      return { status: "exists" };
    },
  });
  const session = await held(undefined, vanishing);
  await expect(session.open({ data: {}, idleTtlMs: 60_000 })).rejects.toThrow("is gone");
  expect(session.record).toBeUndefined();
});

test.each([
  ["the store is away", away("unknown"), undefined],
  ["something else fails", new TypeError("A mistake."), "A mistake."],
])("a call that cannot be given back because %s stays spent, and a mistake is told", async (_why, error, words) => {
  const id = await opened();
  const spent = await (await held(id, { ...sessions, credit: () => Promise.reject(error) })).spend("calls");
  if (spent.status !== "ok") throw new Error("Not spent.");
  const givenBack = await spent.giveBack().catch(({ message }: Error) => message);
  expect([givenBack, (await sessions.get(id))?.quotas]).toEqual([words, { calls: 1n }]);
});

test("a call that the store has certainly not taken is not asked for again", async () => {
  let debits = 0;
  const refusing: SessionStore<object> = {
    ...sessions,
    debit() {
      debits += 1;
      return Promise.reject(away("not-applied"));
    },
  };
  const { refused } = await spendCall(await held(await opened(), refusing), "calls");
  expect([refused?.status, debits]).toEqual([503, 1]);
});

test("a mistake while a call is spent is thrown", async () => {
  const mistaken = { spend: () => Promise.reject(new StoreError("STORE_INVALID_ARGUMENT", "No such quota.")) };
  await expect(spendCall(mistaken, "calls")).rejects.toThrow("No such quota.");
});

test.each([
  [{}, "session_required"],
  [{ authorization: "Basic abc" }, "session_required"],
  [{ authorization: "Bearer ../../etc" }, "session_over"],
  [{ authorization: `bearer ${"A".repeat(43)}` }, "session_over"],
])("the 401 for %j says %s", async (headers: Record<string, string>, code) => {
  const read = sessionReader({ sessions, bearer: true });
  const { refused } = await read((name) => headers[name], { requireTellable: () => undefined, tell: () => undefined });
  expect(JSON.parse(new TextDecoder().decode(refused?.body))).toMatchObject({ error: code });
});

test.each(["bearer", "BEARER", "Bearer "])("a token behind %j opens its session", async (scheme) => {
  const id = await opened();
  const { session } = await sessionReader({ sessions, bearer: true })(() => `${scheme} ${id}`, {
    requireTellable: () => undefined,
    tell: () => undefined,
  });
  expect(session?.id).toBe(id);
});

test("a cookie whose name only ends as the session's does is another one", async () => {
  const id = await opened();
  const read = sessionReader({ sessions, required: false });
  const cookies = (name: string) => (name === "cookie" ? `a__Host-session=1; __Host-session=${id}` : undefined);
  const { session } = await read(cookies, { requireTellable: () => undefined, tell: () => undefined });
  expect(session?.id).toBe(id);
});
