// A session's answer that was lost: told again to its payer, from what was kept and what is secret.
import { createMemoryStores } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import { sellSession } from "./sell-session.ts";
import { soldSessions } from "./sold-sessions.ts";

const secret = "s".repeat(32);
const payment = { key: "one", fence: "1", signal: new AbortController().signal };
const nothing = () => undefined;
const bodyOf = ({ body }: Answer) => Object(JSON.parse(new TextDecoder().decode(body)));
const seller = (more: object) =>
  sellSession({
    ...{ sessions: createMemoryStores<object>().sessions, secret, data: () => ({}) },
    ...{ grant: { extendMs: "10m", quotas: { calls: 3n } } },
    ...more,
  });

test.each([
  ["a bearer token", { bearer: true } as const],
  ["a cookie", {}],
])("%s is told again, and is not in what is kept", async (_what, credential) => {
  const sold = await seller(credential)(payment);
  const keeper = soldSessions({ ...credential, secret });
  const text = keeper.write(sold, { key: "one", header: nothing });
  const again = keeper.read(text, { key: "one", header: nothing });
  expect(again).toEqual({ ...sold, status: 200 });
  const token = bodyOf(sold).session ?? sold.headers["set-cookie"]?.split("=")[1]?.split(";")[0];
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(text).not.toContain(token);
});

test("another payment, or another secret, is told nothing", async () => {
  const sold = await seller({ bearer: true })(payment);
  const text = soldSessions({ bearer: true, secret }).write(sold, { key: "one", header: nothing });
  const tokenFor = (key: string, other = secret) =>
    bodyOf(soldSessions({ bearer: true, secret: other }).read(text, { key, header: nothing })).session;
  expect(tokenFor("one")).toBe(bodyOf(sold).session);
  expect(() => tokenFor("two")).toThrow("the token is lost");
  expect(() => tokenFor("one", "t".repeat(32))).toThrow("the token is lost");
});

test("a session that was prolonged is told with its own token, and only to who presents it", async () => {
  const sell = seller({ bearer: true });
  const { session } = bodyOf(await sell(payment));
  const header = (name: string) => (name === "authorization" ? `Bearer ${session}` : undefined);
  const prolonged = await sell({ ...payment, key: "two" }, header);
  expect(bodyOf(prolonged).session).toBe(session);
  const keeper = soldSessions({ bearer: true, secret });
  const text = keeper.write(prolonged, { key: "two", header });
  expect(text).not.toContain(session);
  expect(bodyOf(keeper.read(text, { key: "two", header })).session).toBe(session);
  expect(() => keeper.read(text, { key: "two", header: nothing })).toThrow("not presented");
});

test("a session that is over is not told again, and no other text is read", async () => {
  const sold = await seller({ bearer: true, grant: { extendMs: 1 } })(payment);
  const keeper = soldSessions({ bearer: true, secret });
  const text = keeper.write(sold, { key: "one", header: nothing });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(() => keeper.read(text, { key: "one", header: nothing })).toThrow("over");
  for (const wrong of ["{}", "7", '{"expiresAt":1,"quotas":{}}', "nonsense"]) {
    expect(() => keeper.read(wrong, { key: "one", header: nothing })).toThrow();
  }
  expect(() => soldSessions({ bearer: true, secret: "short" })).toThrow("secret");
});

test("a new session is not kept for a client that has gone: it is sold anew when its payer returns", async () => {
  const sold = await seller({ bearer: true })(payment);
  const keeper = soldSessions({ bearer: true, secret });
  const gone = { key: "one", header: nothing, signal: AbortSignal.abort(new Error("gone")) };
  expect(() => keeper.write(sold, gone)).toThrow("gone");
});
