// One cookie that several write: a session that is sold, or opened later, is not lost to an earlier one of the same name.
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { listen } from "./app.test-support.ts";
import type { ExpressMiddleware } from "./express-types.ts";
import { paid } from "./paid.ts";
import { sellSession, session } from "./session.ts";

type Data = { plan: string };
const { sessions } = createMemoryStores<Data>();
const name = "__Host-session";
const opening = { data: { plan: "visitor" }, idleTtlMs: 60_000 };
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
const visitor = session({ sessions, required: false });

/** The values of the cookies of the name, in the order in which they are told. */
function idsIn({ headers }: Response): string[] {
  const told = headers.getSetCookie().filter((line) => line.startsWith(`${name}=`));
  return told.map((line) => line.slice(name.length + 1).split(";")[0] ?? "");
}
/** The plans of the sessions that they open. */
function plansIn(answer: Response): Promise<(string | undefined)[]> {
  return Promise.all(idsIn(answer).map(async (id) => (await sessions.get(id))?.data.plan));
}

const opens: ExpressMiddleware = async (request, _response, next) => {
  await visitor.of(request).open(opening);
  next();
};
const rotates: ExpressMiddleware = async (request, _response, next) => {
  await visitor.of(request).rotate();
  next();
};
const fronts: Record<string, ExpressMiddleware> = {
  "opens a session": opens,
  "rotates the session": rotates,
  "sets a cookie": async (_request, response, next) => {
    response.appendHeader("set-cookie", `${name}=visitor; Path=/`);
    next();
  },
};

test.each(Object.entries(fronts))(
  "a session that is sold is told where middleware in front %s",
  async (_what, front) => {
    const app = await listen((express) => express.post("/sold", visitor, front, paid(fakeGate()), sell()));
    const { record } = await sessions.create(opening);
    const headers = { payment: record.id, cookie: `${name}=${record.id}` };
    const answer = await app("/sold", { method: "POST", headers });
    expect([answer.status, await plansIn(answer)]).toEqual([201, ["pass"]]);
  },
);

test("a session that middleware in front rotates is prolonged under its new id, and its gate hears of the move", async () => {
  const gate = fakeGate();
  const app = await listen((express) => express.post("/sold", visitor, rotates, paid(gate), sell()));
  const { record } = await sessions.create({ data: { plan: "pass" }, idleTtlMs: 60_000, quotas: { calls: 1n } });
  const headers = { payment: record.id, cookie: `${name}=${record.id}` };
  const answer = await app("/sold", { method: "POST", headers });
  const [id = ""] = [...(gate.asked[0]?.context.sessionMoves?.values() ?? [])];
  expect([answer.status, await answer.json(), idsIn(answer)]).toMatchObject([201, { quotas: { calls: "3" } }, [id]]);
});

test("a session that middleware in front opens is told beside an answer that sells nothing", async () => {
  const app = await listen((express) => express.post("/sold", visitor, opens, paid(fakeGate()), sell()));
  const answer = await app("/sold", { method: "POST" });
  expect([answer.status, await plansIn(answer)]).toEqual([402, ["visitor"]]);
});

test("of a cookie that was cleared, and sessions that were opened since, the last session is told", async () => {
  const app = await listen((express) =>
    express.post("/login", visitor, opens, (request, response, next) => {
      response.clearCookie(name, { path: "/" });
      visitor
        .of(request)
        .open({ ...opening, data: { plan: "second" } })
        .then(() => response.send("welcome"), next);
    }),
  );
  expect(await plansIn(await app("/login", { method: "POST" }))).toEqual(["second"]);
});
