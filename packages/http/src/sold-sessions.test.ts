// A session's answer that was lost: told again to its payer, from the store and from the secret, as the session is now.
import { createMemoryStores, StoreError } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import { sellSession } from "./sell-session.ts";
import { soldSessions } from "./sold-sessions.ts";

const secret = "s".repeat(32);
const keyOf = { key: "one", fence: "1", signal: new AbortController().signal };
const nothing = () => undefined;
const bearer = (token: string) => (name: string) => (name === "authorization" ? `Bearer ${token}` : undefined);
const bodyOf = ({ body }: Answer) => Object(JSON.parse(new TextDecoder().decode(body)));
const json = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));

/** A shop whose store has a clock of its own. */
function shop(credential: { bearer?: true } = { bearer: true }, clock: { now(): number } = Date) {
  const { sessions } = createMemoryStores<object>({ clock });
  const grant = { extendMs: "10m", quotas: { calls: 3n } };
  const keeper = soldSessions({ ...credential, sessions, secret });
  const gate = { answers: keeper, handle: async () => undefined };
  const sell = sellSession<object>({ ...credential, gate, sessions, secret, grant, data: () => ({}) });
  return { sessions, sell, keeper };
}

test.each([
  ["a bearer token", { bearer: true } as const],
  ["a cookie", {}],
])("%s is told again, and is not in what is kept", async (_what, credential) => {
  const { sell, keeper } = shop(credential);
  const sold = await sell(keyOf);
  const text = keeper.write(sold, { key: "one", header: nothing });
  const again = await keeper.read(text, { key: "one", header: nothing });
  expect(again).toEqual({ ...sold, status: 200 });
  const token = bodyOf(sold).session ?? sold.headers["set-cookie"]?.split("=")[1]?.split(";")[0];
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(text).not.toContain(token);
});

test("it can be asked for again for an hour, unless told otherwise", () => {
  const { sessions, keeper } = shop();
  expect(keeper.forMs).toBe(3_600_000);
  expect(soldSessions({ sessions, secret, forMs: "5m" }).forMs).toBe(300_000);
});

test("another payment, or another secret, is told nothing", async () => {
  const { sessions, sell, keeper } = shop();
  const sold = await sell(keyOf);
  const text = keeper.write(sold, { key: "one", header: nothing });
  const again = await keeper.read(text, { key: "one", header: nothing });
  expect(bodyOf(again).session).toBe(bodyOf(sold).session);
  await expect(keeper.read(text, { key: "two", header: nothing })).rejects.toThrow("is over");
  const other = soldSessions({ bearer: true, sessions, secret: "t".repeat(32) });
  await expect(other.read(text, { key: "one", header: nothing })).rejects.toThrow("is over");
});

test("a session that was prolonged is told under the id that the request presents, and only to one that presents it", async () => {
  const { sessions, sell, keeper } = shop();
  const { session } = bodyOf(await sell(keyOf));
  const prolonged = await sell({ ...keyOf, key: "two" }, bearer(session));
  const text = keeper.write(prolonged, { key: "two", header: bearer(session) });
  const again = await keeper.read(text, { key: "two", header: bearer(session) });
  expect(bodyOf(again)).toEqual(bodyOf(prolonged));
  const other = (await sessions.create({ data: {}, idleTtlMs: 60_000 })).record.id;
  for (const header of [nothing, bearer(other)]) {
    await expect(keeper.read(text, { key: "two", header })).rejects.toThrow("not presented");
  }
  const moved = await sessions.rotate(session);
  const id = moved.status === "ok" ? moved.record.id : "";
  expect(bodyOf(await keeper.read(text, { key: "two", header: bearer(id) })).session).toBe(id);
  await expect(keeper.read(text, { key: "two", header: bearer(session) })).rejects.toThrow("over");
});

test("what else is on the answer changes nothing: another cookie, or a compressed body", async () => {
  const { sessions, sell, keeper } = shop({});
  const { id } = (await sessions.create({ data: {}, idleTtlMs: 60_000 })).record;
  const header = (name: string) => (name === "cookie" ? `__Host-session=${id}` : undefined);
  const sold = await sell(keyOf, header);
  const line = sold.headers["set-cookie"];
  const sent = { ...sold, headers: { "set-cookie": `visitor=7, ${line}` }, body: json("not what it was") };
  const again = await keeper.read(keeper.write(sent, { key: "one", header }), { key: "one", header });
  expect([line, again.headers["set-cookie"]]).toEqual([expect.stringContaining(id), line]);
});

test("a session that was rotated or ended since is told under the id that it has now, or not at all", async () => {
  const { sessions, sell, keeper } = shop();
  const sold = await sell(keyOf);
  const text = keeper.write(sold, { key: "one", header: nothing });
  const moved = await sessions.rotate(bodyOf(sold).session);
  const id = moved.status === "ok" ? moved.record.id : "";
  expect(bodyOf(await keeper.read(text, { key: "one", header: bearer(id) })).session).toBe(id);
  await expect(keeper.read(text, { key: "one", header: nothing })).rejects.toThrow("another id");
  const moves = new Map([[bodyOf(sold).session, id]]);
  const inThisRequest = { key: "one", header: bearer(bodyOf(sold).session), sessionMoves: moves };
  expect(bodyOf(await keeper.read(text, inThisRequest)).session).toBe(id);
  await sessions.delete(id);
  await expect(keeper.read(text, { key: "one", header: bearer(id) })).rejects.toThrow("over");
});

test.each([-3_600_000, 3_600_000])(
  "the store's clock decides whether a sold session is over, %i ms from the instance's",
  async (off) => {
    let now = Date.now() + off;
    const { sell, keeper } = shop({ bearer: true }, { now: () => now });
    const text = keeper.write(await sell(keyOf), { key: "one", header: nothing });
    now += 599_000;
    expect((await keeper.read(text, { key: "one", header: nothing })).status).toBe(200);
    now += 1_000;
    await expect(keeper.read(text, { key: "one", header: nothing })).rejects.toThrow("over");
  },
);

test("a store that is away is its error: nothing is said of the session", async () => {
  const { sessions } = shop();
  const away = async () => {
    throw new StoreError("STORE_UNAVAILABLE", "Away.", { outcome: "not-applied" });
  };
  const keeper = soldSessions({ bearer: true, secret, sessions: { ...sessions, get: away } });
  await expect(keeper.read("", { key: "one", header: nothing })).rejects.toThrow("Away");
});

test("a new session is not kept for a client that has gone: it is sold anew when its payer returns", async () => {
  const { sell, keeper } = shop();
  const sold = await sell(keyOf);
  const gone = { key: "one", header: nothing, signal: AbortSignal.abort(new Error("gone")) };
  expect(() => keeper.write(sold, gone)).toThrow("gone");
});

test("a sale is refused before its payment is verified where the request has moved a session, and only there", () => {
  const { keeper } = shop();
  const request = { key: "one", header: nothing };
  for (const sessionMoves of [undefined, new Map()]) keeper.requireTellable?.({ ...request, sessionMoves });
  const sessionMoves = new Map([["old", "new"]]);
  expect(() => keeper.requireTellable?.({ ...request, sessionMoves })).toThrow("has rotated the session");
});

test("a sale that none of the gate's sellers can serve is refused, unless they are more than it remembers", async () => {
  const { sessions } = createMemoryStores<object>();
  const keeper = soldSessions({ bearer: true, sessions, secret });
  const gate = { answers: keeper, handle: async () => undefined };
  let asked = 0;
  const addSeller = () => {
    const data = () => {
      asked += 1;
      throw new Error("Not mine.");
    };
    sellSession({ bearer: true, gate, sessions, secret, grant: { extendMs: "10m" }, data });
  };
  const checkSale = async () => keeper.requireSellable?.({ ...keyOf, settled: false }, { key: "one", header: nothing });
  // Sellers that are not told of the gate.
  await checkSale();
  for (let sellers = 1; sellers < 1_000; sellers += 1) addSeller();
  await expect(checkSale()).rejects.toThrow("Not mine.");
  // Some of them may be made for each request, and are gone: the sale may be for one that is not remembered.
  for (const _more of [1, 2]) addSeller();
  asked = 0;
  await checkSale();
  expect(asked).toBe(1_000);
});

test("options that cannot be meant are refused at once", () => {
  const { sessions } = shop();
  expect(() => soldSessions({ bearer: true, sessions, secret: "short" })).toThrow("secret");
  expect(() => soldSessions(Object({ bearer: true, secret }))).toThrow("stores.sessions");
});
