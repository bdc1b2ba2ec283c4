// session(), spend() and sellSession() on Hono.

import type { RequestSession } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores, type SessionStore, StoreError } from "@tollbooth-stores/memory";
import { Hono, type MiddlewareHandler } from "hono";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";
import { sellSession, session, spend } from "./session.ts";

type Data = { user: string };
const { sessions } = createMemoryStores<Data>();
const idIn = (answer: Response) => /__Host-session=([^;]*)/.exec(answer.headers.get("set-cookie") ?? "")?.[1] ?? "";
const cookie = (id: string) => ({ headers: { cookie: `__Host-session=${id}` } });

function site(store: SessionStore<Data> = sessions) {
  const app = new Hono();
  app.post("/login", session({ sessions: store, required: false }), async (c) => {
    await c.var.session.open({ data: { user: "ann" }, idleTtlMs: 60_000, quotas: { calls: 2n } });
    return new Response("a response of its own");
  });
  app.use("/mine/*", session({ sessions: store, touch: true }));
  app.get("/mine/name", (c) => c.text(Object(c.var).session.record.data.user));
  app.post("/mine/rotate", async (c) => c.json(await Object(c.var).session.rotate()));
  app.post("/mine/logout", async (c) => {
    await Object(c.var).session.logout();
    return c.body(null, 204);
  });
  app.get("/mine/call/:status", spend("calls", { header: "x-calls-left" }), (c) => {
    if (c.req.param("status") === "throw") throw new Error("Broken.");
    if (c.req.param("status") === "nothing") return undefined as never;
    return new Response("", { status: Number(c.req.param("status")) });
  });
  return app;
}
async function login(app: Hono) {
  return idIn(await app.request("/login", { method: "POST" }));
}

test("login, use, rotate and logout by cookie; a replay of an old id is 401", async () => {
  const app = site();
  const id = await login(app);
  expect(await (await app.request("/mine/name", cookie(id))).text()).toBe("ann");
  const rotated = await app.request("/mine/rotate", { method: "POST", ...cookie(id) });
  const next = idIn(rotated);
  expect([await rotated.json(), next === id]).toEqual([true, false]);
  expect((await app.request("/mine/name", cookie(id))).status).toBe(401);
  const out = await app.request("/mine/logout", { method: "POST", ...cookie(next) });
  expect([out.status, out.headers.get("set-cookie")]).toEqual([204, expect.stringContaining("Max-Age=0")]);
  expect((await app.request("/mine/name", cookie(next))).status).toBe(401);
});

test.each(["", "x".repeat(5_000), "../etc", `${"A".repeat(19)}.${"B".repeat(43)}`])(
  "a credential that opens nothing is 401",
  async (id) => {
    expect((await site().request("/mine/name", cookie(id))).status).toBe(401);
    expect((await site().request("/mine/name")).status).toBe(401);
  },
);

test("of two requests that rotate at once one tells a cookie, and that one opens the session", async () => {
  const app = site();
  const id = await login(app);
  const both = await Promise.all([1, 2].map(() => app.request("/mine/rotate", { method: "POST", ...cookie(id) })));
  const told = both.map(idIn).filter((one) => one !== "");
  expect(told).toHaveLength(1);
  expect((await app.request("/mine/name", cookie(told[0] ?? ""))).status).toBe(200);
});

test("a store that is away is 503 with Retry-After", async () => {
  const app = site({ ...sessions, get: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "Away.")) });
  const answer = await app.request("/mine/name", cookie("A".repeat(43)));
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
});

test("a client that leaves while the store is slow ends the session's wait", async () => {
  const leaving = new AbortController();
  const signals: (AbortSignal | undefined)[] = [];
  const slow: SessionStore<Data> = {
    ...sessions,
    get: (_id, options) =>
      new Promise((_resolve, reject) => {
        signals.push(options?.signal);
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
        leaving.abort(new Error("The client has gone."));
      }),
  };
  const app = new Hono();
  app.get("/", session({ sessions: slow }), (c) => c.text("made"));
  app.onError((error, c) => c.text(error.message, 400));
  const answer = await app.request("/", { signal: leaving.signal, ...cookie(await login(site())) });
  expect([await answer.text(), signals.length]).toEqual(["The client has gone.", 1]);
});

test("calls are spent once, and given back where the handler throws or fails", async () => {
  const app = site();
  const id = await login(app);
  for (const status of ["throw", "500", "throw", "503", "nothing"])
    await app.request(`/mine/call/${status}`, cookie(id));
  expect((await sessions.get(id))?.quotas).toEqual({ calls: 2n });
  const answers = await Promise.all(
    [200, 404, 200, 200].map((status) => app.request(`/mine/call/${status}`, cookie(id))),
  );
  expect(answers.filter(({ status }) => status === 402)).toHaveLength(2);
  expect((await sessions.get(id))?.quotas).toEqual({ calls: 0n });
});

test("a session is sold by cookie, once for one payment, and opens what was bought", async () => {
  const app = site();
  const secret = "s".repeat(32);
  const gate = fakeGate();
  const grant = { extendMs: 60_000, quotas: { calls: 1n } };
  app.post(
    "/sold/pass",
    paid(gate),
    sellSession({ gate, sessions, secret, grant, data: ({ payer = "" }) => ({ user: payer }) }),
  );
  const buy = () => app.request("/sold/pass", { method: "POST", headers: { payment: "one" } });
  const bought = await buy();
  expect(bought.status).toBe(201);
  expect(await (await app.request("/mine/name", cookie(idIn(bought)))).text()).toBe("0xann");
  expect(idIn(await buy())).toBe("");
  expect((await app.request("/sold/pass", { method: "POST" })).status).toBe(402);
});

test.each(["in front of paid()", "behind it"])(
  "a session that is sold is told beside a cookie that was set %s",
  async (where) => {
    const app = new Hono();
    const visitor: MiddlewareHandler = async (c, next) => {
      c.res.headers.append("set-cookie", "visitor=7");
      await next();
    };
    const none: MiddlewareHandler = (_c, next) => next();
    app
      .use(where === "behind it" ? none : visitor)
      .use(paid(fakeGate()))
      .use(where === "behind it" ? visitor : none);
    const grant = { extendMs: 60_000 };
    app.post(
      "/sold",
      sellSession({ gate: fakeGate(), sessions, secret: "s".repeat(32), grant, data: () => ({ user: "ann" }) }),
    );
    const answer = await app.request("/sold", { method: "POST", headers: { payment: "beside" } });
    const cookies = answer.headers.getSetCookie().map((line) => line.split("=")[0]);
    expect([answer.status, cookies.sort()]).toEqual([201, ["__Host-session", "visitor"]]);
  },
);

const changes: Record<string, (found: RequestSession<Data>) => Promise<unknown>> = {
  open: (found) => found.open({ data: { user: "bob" }, idleTtlMs: 60_000 }),
  rotate: (found) => found.rotate(),
  logout: (found) => found.logout(),
};
test.each(Object.entries(changes))(
  "%s changes nothing behind paid(), and after the response: its cookie could not be told",
  async (_name, change) => {
    let created = 0;
    const create = (...call: Parameters<typeof sessions.create>) => {
      created += 1;
      return sessions.create(...call);
    };
    const app = new Hono().onError((error, c) => c.text(error.message, 500));
    const read = session({ sessions: Object.assign({}, sessions, { create }) });
    app.post("/sold", read, paid(fakeGate()), async (c) => c.json(await change(c.var.session)));
    app.post("/late", read, async (c, next) => {
      await next();
      const error = await change(c.var.session).catch(String);
      c.res = new Response(String(error));
    });
    app.post("/late", (c) => c.text("made"));
    const { record } = await sessions.create({ data: { user: "ann" }, idleTtlMs: 60_000 });
    for (const [path, status, words] of [
      ["/sold", 500, "cannot change the session"] as const,
      ["/late", 200, "made already"] as const,
    ]) {
      const headers = { payment: "one", ...cookie(record.id).headers };
      const answer = await app.request(path, { method: "POST", headers });
      expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(words)]);
      expect([answer.headers.getSetCookie(), await sessions.get(record.id), created]).toEqual([[], record, 0]);
    }
  },
);

test("of several cookies of one request the last one is told", async () => {
  const app = new Hono();
  app.post("/twice", session({ sessions, required: false }), async (c) => {
    for (const user of ["ann", "bob"]) await c.var.session.open({ data: { user }, idleTtlMs: 60_000 });
    return c.body(null, 204);
  });
  const { headers } = await app.request("/twice", { method: "POST" });
  expect(headers.getSetCookie()).toHaveLength(1);
  const id = /__Host-session=([^;]*)/.exec(headers.getSetCookie()[0] ?? "")?.[1] ?? "";
  expect((await sessions.get(id))?.data).toEqual({ user: "bob" });
});

test("a quota that is spelt otherwise than the sold one is refused at the start", () => {
  expect(() => spend("call", { grant: { quotas: { calls: 1n } } })).toThrow(
    expect.objectContaining({ code: "STORE_CONFIG" }),
  );
});

test("how many calls are left is told where one was used, and not where it was given back", async () => {
  const app = site();
  const id = await login(app);
  const told = [];
  for (const status of [500, 200, "throw", 404]) {
    told.push((await app.request(`/mine/call/${status}`, cookie(id))).headers.get("x-calls-left"));
  }
  expect(told).toEqual([null, "1", null, "0"]);
});

test("a login that cost nothing does not open what is sold: it is answered as a session that never was", async () => {
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  let served = 0;
  const serve: MiddlewareHandler = async (c) => {
    served += 1;
    return c.text("the goods");
  };
  app.get("/hour", session({ sessions, bearer: true, opens: ({ data }) => data.user === "payer" }), serve);
  app.get("/unclear", session({ sessions, bearer: true, opens: Object(async () => true) }), serve);
  const ask = async (path: string, id: string) => {
    const answer = await app.request(path, { headers: { authorization: `Bearer ${id}` } });
    return [answer.status, await answer.text(), [...answer.headers]];
  };
  const login = (await sessions.create({ data: { user: "ann" }, idleTtlMs: 60_000 })).record.id;
  expect(await ask("/hour", login)).toEqual(await ask("/hour", `${"A".repeat(19)}.${"B".repeat(43)}`));
  expect([(await ask("/hour", login))[0], (await ask("/unclear", login))[0], served]).toEqual([401, 500, 0]);
  const pass = (await sessions.create({ data: { user: "payer" }, idleTtlMs: 60_000 })).record.id;
  expect((await ask("/hour", pass)).slice(0, 2)).toEqual([200, "the goods"]);
});

test("a store in the place of the options is STORE_CONFIG when session() is made", () => {
  expect(() => session(Object(sessions))).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});
