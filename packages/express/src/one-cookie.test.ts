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
    sessions,
    secret: "s".repeat(32),
    grant: { extendMs: 60_000 },
    data: () => ({ plan: "pass" }),
    prolongs,
  });
const visitor = session({ sessions, required: false });

/** The plans of the sessions that the cookies of the name open, in the order in which they are told. */
async function plansIn({ headers }: Response): Promise<(string | undefined)[]> {
  const told = headers.getSetCookie().filter((line) => line.startsWith(`${name}=`));
  const ids = told.map((line) => line.slice(name.length + 1).split(";")[0] ?? "");
  return Promise.all(ids.map(async (id) => (await sessions.get(id))?.data.plan));
}

const opens: ExpressMiddleware = async (request, _response, next) => {
  await visitor.of(request).open(opening);
  next();
};
const fronts: Record<string, ExpressMiddleware> = {
  "opens a session": opens,
  "rotates the session": async (request, _response, next) => {
    await visitor.of(request).rotate();
    next();
  },
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
