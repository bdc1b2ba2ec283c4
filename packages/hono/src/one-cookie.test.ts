// One cookie that several write: a session that is sold, or opened later, is not lost to an earlier one of the same name.
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { Hono, type MiddlewareHandler } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { describe, expect, test } from "vitest";
import { asker, bothWays } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";
import { type OptionalSessionEnv, sellSession, session } from "./session.ts";

type Data = { plan: string };
type Front = MiddlewareHandler<OptionalSessionEnv<Data>>;
const { sessions } = createMemoryStores<Data>();
const name = "__Host-session";
const visitor = { data: { plan: "visitor" }, idleTtlMs: 60_000 };
const prolongs = ({ data }: { data: Data }) => data.plan === "pass";
const sell = () =>
  sellSession({
    gate: fakeGate(),
    sessions,
    secret: "s".repeat(32),
    grant: { extendMs: 60_000, quotas: { calls: 2n } },
    data: () => ({ plan: "pass" }),
    prolongs,
  });

/** The values of the cookies of the name, in the order in which they are told. */
function idsIn({ headers }: Response): string[] {
  const told = headers.getSetCookie().filter((line) => line.startsWith(`${name}=`));
  return told.map((line) => line.slice(name.length + 1).split(";")[0] ?? "");
}
/** The plans of the sessions that they open. */
function plansIn(answer: Response): Promise<(string | undefined)[]> {
  return Promise.all(idsIn(answer).map(async (id) => (await sessions.get(id))?.data.plan));
}

const opens: Front = async (c, next) => {
  await c.var.session.open(visitor);
  await next();
};
const fronts: Record<string, Front> = {
  "opens a session": opens,
  "rotates the session": async (c, next) => {
    await c.var.session.rotate();
    await next();
  },
  "sets a cookie": async (c, next) => {
    setCookie(c, "__Host-session", "visitor", { path: "/", secure: true });
    await next();
  },
  "sets a cookie on the response": async (c, next) => {
    c.res.headers.append("set-cookie", `${name}=visitor; Path=/`);
    await next();
  },
};

function site(front: Front): Hono {
  const app = new Hono();
  app.use(session({ sessions, required: false })).use(front);
  return app;
}

describe.each(bothWays)("by %s", (way) => {
  test.each(Object.entries(fronts))(
    "a session that is sold is told where middleware in front %s",
    async (_what, front) => {
      const app = site(front);
      app.post("/sold", paid(fakeGate()), sell());
      const { record } = await sessions.create(visitor);
      const headers = { payment: record.id, cookie: `${name}=${record.id}` };
      const answer = await (await asker(app, way))("/sold", { method: "POST", headers });
      expect([answer.status, await plansIn(answer)]).toEqual([201, ["pass"]]);
    },
  );

  test("a session that middleware in front rotates is prolonged under its new id, and its gate hears of the move", async () => {
    const app = site(fronts["rotates the session"] ?? opens);
    const gate = fakeGate();
    app.post("/sold", paid(gate), sell());
    const { record } = await sessions.create({ data: { plan: "pass" }, idleTtlMs: 60_000, quotas: { calls: 1n } });
    const headers = { payment: record.id, cookie: `${name}=${record.id}` };
    const answer = await (await asker(app, way))("/sold", { method: "POST", headers });
    const [id = ""] = [...(gate.asked[0]?.context.sessionMoves?.values() ?? [])];
    expect([answer.status, await answer.json(), idsIn(answer)]).toMatchObject([201, { quotas: { calls: "3" } }, [id]]);
  });

  test("a session that middleware in front opens is told beside an answer that sells nothing", async () => {
    const app = site(opens);
    app.post("/sold", paid(fakeGate()), sell());
    const answer = await (await asker(app, way))("/sold", { method: "POST" });
    expect([answer.status, await plansIn(answer)]).toEqual([402, ["visitor"]]);
  });

  test("a handler's own cookie of the name wins over a session that was opened before", async () => {
    const app = site(opens);
    const { record } = await sessions.create({ data: { plan: "own" }, idleTtlMs: 60_000 });
    const own = new Headers({ "set-cookie": `${name}=${record.id}; Path=/; Secure` });
    app.get("/", () => new Response("own", { headers: own }));
    const ask = await asker(app, way);
    for (const _turn of [1, 2]) expect(await plansIn(await ask("/"))).toEqual(["own"]);
    expect(own.getSetCookie()).toHaveLength(1);
  });

  test("a session that is opened wins over a cookie of the name that was cleared before", async () => {
    const app = site((c, next) => {
      deleteCookie(c, name, { path: "/", secure: true });
      return opens(c, next);
    });
    app.get("/login", (c) => c.text("welcome"));
    expect(await plansIn(await (await asker(app, way))("/login"))).toEqual(["visitor"]);
  });
});
