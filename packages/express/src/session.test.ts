// session(), spend() and sellSession() on Express.

import type { RequestSession } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores, type SessionStore, StoreError } from "@tollbooth-stores/memory";
import type { Express } from "express";
import { expect, test } from "vitest";
import { type Ask, listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";
import { sellSession, session, spend } from "./session.ts";

type Data = { user: string };
const { sessions } = createMemoryStores<Data>();
const idIn = (answer: Response) => /__Host-session=([^;]*)/.exec(answer.headers.get("set-cookie") ?? "")?.[1] ?? "";
const cookie = (id: string) => ({ headers: { cookie: `__Host-session=${id}` } });

function site(store: SessionStore<Data> = sessions, more: (app: Express) => void = () => undefined) {
  return listen((app) => {
    const visitor = session({ sessions: store, required: false });
    const user = session({ sessions: store, touch: true });
    app.post("/login", visitor, async (request, response) => {
      await visitor.of(request).open({ data: { user: "ann" }, idleTtlMs: 60_000, quotas: { calls: 2n } });
      response.sendStatus(204);
    });
    app.use("/mine", user);
    app.get("/mine/name", (request, response) => response.send(user.of(request).record.data.user));
    app.post("/mine/rotate", async (request, response) => response.json(await user.of(request).rotate()));
    app.post("/mine/logout", async (request, response) => {
      await user.of(request).logout();
      response.sendStatus(204);
    });
    app.get("/mine/call/:status", spend("calls", { header: "x-calls-left" }), (request, response) => {
      if (request.params.status === "throw") throw new Error("Broken.");
      response.status(Number(request.params.status)).send("answer");
    });
    more(app);
  });
}
const login = async (app: Ask) => idIn(await app("/login", { method: "POST" }));

test("login, use, rotate and logout by cookie; a replay of an old id is 401", async () => {
  const app = await site();
  const id = await login(app);
  expect(await (await app("/mine/name", cookie(id))).text()).toBe("ann");
  const rotated = await app("/mine/rotate", { method: "POST", ...cookie(id) });
  const next = idIn(rotated);
  expect([await rotated.json(), next === id]).toEqual([true, false]);
  expect((await app("/mine/name", cookie(id))).status).toBe(401);
  const out = await app("/mine/logout", { method: "POST", ...cookie(next) });
  expect([out.status, out.headers.get("set-cookie")]).toEqual([204, expect.stringContaining("Max-Age=0")]);
  expect((await app("/mine/name", cookie(next))).status).toBe(401);
});

test.each(["", "x".repeat(5_000), "../etc", `${"A".repeat(19)}.${"B".repeat(43)}`])(
  "a credential that opens nothing is 401",
  async (id) => {
    const app = await site();
    expect((await app("/mine/name", cookie(id))).status).toBe(401);
    expect((await app("/mine/name")).status).toBe(401);
  },
);

test("of two requests that rotate at once one tells a cookie, and that one opens the session", async () => {
  const app = await site();
  const id = await login(app);
  const both = await Promise.all([1, 2].map(() => app("/mine/rotate", { method: "POST", ...cookie(id) })));
  const told = both.map(idIn).filter((one) => one !== "");
  expect(told).toHaveLength(1);
  expect((await app("/mine/name", cookie(told[0] ?? ""))).status).toBe(200);
});

const changes: Record<string, (found: RequestSession<Data>) => Promise<unknown>> = {
  open: (found) => found.open({ data: { user: "bob" }, idleTtlMs: 60_000 }),
  rotate: (found) => found.rotate(),
  logout: (found) => found.logout(),
};
test.each(Object.entries(changes))(
  "%s changes nothing behind paid(), and after the headers: its cookie could not be told",
  async (_name, change) => {
    let created = 0;
    const create = (...call: Parameters<typeof sessions.create>) => {
      created += 1;
      return sessions.create(...call);
    };
    const user = session({ sessions: Object.assign({}, sessions, { create }) });
    const app = await listen((express) => {
      express.post("/sold", user, paid(fakeGate()), async (request, response) => {
        response.send(await change(user.of(request)).catch(String));
      });
      express.post("/late", user, async (request, response) => {
        response.write("sent");
        response.end(await change(user.of(request)).catch(String));
      });
    });
    const { record } = await sessions.create({ data: { user: "ann" }, idleTtlMs: 60_000 });
    for (const [path, words] of [
      ["/sold", "cannot change the session"] as const,
      ["/late", "headers are sent"] as const,
    ]) {
      const answer = await app(path, { method: "POST", headers: { payment: "one", ...cookie(record.id).headers } });
      expect(await answer.text()).toContain(words);
      expect([answer.headers.getSetCookie(), await sessions.get(record.id), created]).toEqual([[], record, 0]);
    }
  },
);

test("a store that is away is 503 with Retry-After", async () => {
  const app = await site({ ...sessions, get: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "Away.")) });
  const answer = await app("/mine/name", cookie("A".repeat(43)));
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
});

test("calls are spent once, and given back before a failure is told", async () => {
  const slow: SessionStore<Data> = {
    ...sessions,
    async credit(...call) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return sessions.credit(...call);
    },
  };
  const app = await site(slow);
  const id = await login(app);
  for (const status of ["throw", "500", "throw", "503"]) {
    expect((await app(`/mine/call/${status}`, cookie(id))).status).toBeGreaterThanOrEqual(500);
    expect((await sessions.get(id))?.quotas).toEqual({ calls: 2n });
  }
  const answers = await Promise.all([200, 404, 200, 200].map((status) => app(`/mine/call/${status}`, cookie(id))));
  expect(answers.filter(({ status }) => status === 402)).toHaveLength(2);
  expect((await sessions.get(id))?.quotas).toEqual({ calls: 0n });
});

test("a session is sold by cookie, once for one payment, and opens what was bought", async () => {
  const secret = "s".repeat(32);
  const grant = { extendMs: 60_000, quotas: { calls: 1n } };
  const gate = fakeGate();
  const app = await site(sessions, (app) => {
    app.post(
      "/sold/pass",
      paid(gate),
      sellSession({ gate, sessions, secret, grant, data: ({ payer = "" }) => ({ user: payer }) }),
    );
  });
  const buy = () => app("/sold/pass", { method: "POST", headers: { payment: "one" } });
  const id = idIn(await buy());
  expect(await (await app("/mine/name", cookie(id))).text()).toBe("0xann");
  expect(idIn(await buy())).toBe("");
});

test("a client that goes while its session is read stops the read, and runs no handler", async () => {
  const errors: unknown[] = [];
  let signal: AbortSignal | undefined;
  const waiting: SessionStore<Data> = {
    ...sessions,
    get: (_id, options) =>
      new Promise((_resolve, reject) => {
        signal = options?.signal;
        signal?.addEventListener("abort", () => reject(signal?.reason));
      }),
  };
  const app = await site(waiting, (app) => {
    app.use((error: unknown, _request: unknown, _response: unknown, _next: unknown) => errors.push(error));
  });
  const leaving = new AbortController();
  const asked = app("/mine/name", { ...cookie("A".repeat(43)), signal: leaving.signal });
  asked.catch(() => undefined);
  await expect.poll(() => signal).toBeDefined();
  leaving.abort();
  await expect.poll(() => signal?.aborted).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual([]);
});

test.each(["live", "absent"])("where others answer while a %s session is read, no handler runs", async (which) => {
  let answerMeanwhile = () => {};
  const slow: SessionStore<Data> = {
    ...sessions,
    async get(id, options) {
      answerMeanwhile();
      return sessions.get(id, options);
    },
  };
  const errors: unknown[] = [];
  let runs = 0;
  const app = await listen((app) => {
    app.use((_request, response, next) => {
      answerMeanwhile = () => response.status(504).send("timeout");
      next();
    });
    app.use(session({ sessions: slow }), () => {
      runs += 1;
    });
    app.use((error: unknown, _request: unknown, _response: unknown, _next: unknown) => errors.push(error));
  });
  const id = which === "live" ? await login(await site()) : "A".repeat(43);
  expect((await app("/", cookie(id))).status).toBe(504);
  await new Promise((resolve) => setImmediate(resolve));
  expect([runs, errors]).toEqual([0, []]);
});

test.each<[string, (app: Express) => unknown]>([
  ["session", (app) => app.use(session({ sessions }))],
  ["spend", (app) => app.use(session({ sessions }), spend("none"))],
])("a response that others have begun breaks off where %s() refuses the request", async (by, refuses) => {
  const errors: unknown[] = [];
  const app = await listen((app) => {
    app.use((_request, response, next) => {
      response.write("beat ");
      next();
    });
    refuses(app);
    app.use((error: unknown, _request: unknown, _response: unknown, next: (error: unknown) => void) => {
      errors.push(error);
      next(error);
    });
  });
  const id = by === "spend" ? await login(await site()) : "A".repeat(43);
  await expect(app("/", cookie(id)).then((answer) => answer.text())).rejects.toThrow();
  expect(String(errors)).toContain(`begun by others before ${by}()`);
});

test("a quota that is spelt otherwise than the sold one is refused at the start", () => {
  expect(() => spend("call", { grant: { quotas: { calls: 1n } } })).toThrow(
    expect.objectContaining({ code: "STORE_CONFIG" }),
  );
});

test("how many calls are left is told where one was used, and not where it was given back", async () => {
  const app = await site();
  const id = await login(app);
  const told = [];
  for (const status of [500, 200, "throw", 404]) {
    told.push((await app(`/mine/call/${status}`, cookie(id))).headers.get("x-calls-left"));
  }
  expect(told).toEqual([null, "1", null, "0"]);
});

test("a login that cost nothing does not open what is sold: it is answered as a session that never was", async () => {
  let served = 0;
  const app = await listen((express) => {
    const pass = session({ sessions, bearer: true, opens: ({ data }) => data.user === "payer" });
    const unclear = session({ sessions, bearer: true, opens: Object(async () => true) });
    express.use("/hour", pass).use("/unclear", unclear);
    express.get(["/hour", "/unclear"], (_request, response) => {
      served += 1;
      response.send("the goods");
    });
  });
  const ask = async (path: string, id: string) => {
    const answer = await app(path, { headers: { authorization: `Bearer ${id}` } });
    return [answer.status, await answer.text(), [...answer.headers].filter(([name]) => name !== "date")];
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
