// Two processes on one Redis are one site: limits, sessions, calls and sales; and none of them goes on without Redis.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

type Ask = (path: string, session?: string, init?: RequestInit) => Promise<Response>;

/**
 * Registers the tests. `program` is a shop that tells its port by `process.send`: `/limited` four times an hour, `/login`, `/name`,
 * `/rotate`, `/call` of three, and `/sold`, all of the Redis at REDIS_URL.
 */
export function twoProcessesSuite(program: string): void {
  let redis: RunningRedis;
  const children: ChildProcess[] = [];
  let one: Ask;
  let other: Ask;

  async function start(): Promise<Ask> {
    const child = fork(program, {
      env: { ...process.env, REDIS_URL: redis.url },
      execArgv: [],
    });
    children.push(child);
    const [address] = await once(child, "message");
    return (path, session, init = {}) =>
      fetch(`http://127.0.0.1:${Object(address).port}${path}`, {
        ...init,
        headers: {
          payment: "one",
          ...(session !== undefined && { authorization: `Bearer ${session}` }),
          ...Object(init.headers),
        },
      });
  }

  beforeAll(async () => {
    redis = await startRedis();
    [one, other] = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await redis.stop();
  });

  const post = { method: "POST" };
  const login = async () => String(Object(await (await one("/login", undefined, post)).json()).session);

  test("a limit is one limit: of 10 requests at once, over both, 4 pass", async () => {
    const answers = await Promise.all([1, 2, 3, 4, 5].flatMap(() => [one("/limited"), other("/limited")]));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(4).fill(200), ...Array(6).fill(429)]);
  });

  test("a session opened at one is used at the other, and rotated once where both rotate it at once", async () => {
    const id = await login();
    expect(await (await other("/name", id)).text()).toBe("ann");
    const both = await Promise.all([one("/rotate", id, post), other("/rotate", id, post)]);
    const answers = await Promise.all(both.filter(({ status }) => status === 200).map((answer) => answer.json()));
    const moved = answers.map(Object).filter((answer) => answer.moved);
    expect(moved).toHaveLength(1);
    for (const ask of [one, other]) {
      expect([(await ask("/name", id)).status, (await ask("/name", moved[0].session)).status]).toEqual([401, 200]);
    }
  });

  test("calls are spent once: of 8 requests at once, over both, 3 are served", async () => {
    const id = await login();
    const answers = await Promise.all([1, 2, 3, 4].flatMap(() => [one("/call", id), other("/call", id)]));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(3).fill(200), ...Array(5).fill(402)]);
  });

  test("a payment that both make a session of at once has one session, of three calls", async () => {
    for (const payment of ["a", "b", "c", "d"]) {
      const bought = { ...post, headers: { payment } };
      const both = await Promise.all([one, other].map((ask) => ask("/sold", undefined, bought)));
      const made = both.filter(({ status }) => status === 201);
      // The other one was ahead: an error of the handler, for which a real gate leaves the payment owed.
      expect(both.filter((answer) => !made.includes(answer)).map(({ status }) => status)).toEqual(made[1] ? [] : [500]);
      const bodies = await Promise.all(made.map(async (answer) => Object(await answer.json())));
      const [{ session }] = bodies;
      expect(bodies).toEqual(bodies.map(() => expect.objectContaining({ session, quotas: { calls: "3" } })));
      const calls = await Promise.all([one, other, one, other].map((ask) => ask("/call", session)));
      expect(calls.map(({ status }) => status).sort()).toEqual([200, 200, 200, 402]);
    }
  });

  test("a session that one made of a payment is whole again where the other makes it anew", async () => {
    const bought = [Object(await (await one("/sold", undefined, post)).json())];
    expect((await one("/call", bought[0].session)).status).toBe(200);
    bought.push(Object(await (await other("/sold", undefined, post)).json()));
    expect(bought[1]).toMatchObject({ session: bought[0].session, quotas: { calls: "3" } });
  });

  test("without Redis each is 503 with Retry-After, and what names no session is 401 all the same", async () => {
    const id = await login();
    redis.kill("SIGKILL");
    for (const ask of [one, other]) {
      for (const path of ["/limited?client=new", "/name", "/call"]) {
        const answer = await ask(path, id);
        expect([path, answer.status, answer.headers.get("retry-after")]).toEqual([path, 503, "1"]);
      }
      expect((await ask("/name", "malformed")).status).toBe(401);
      const sale = await ask("/sold", undefined, { ...post, headers: { payment: "new" } });
      expect([sale.status, sale.headers.get("retry-after")]).toEqual([503, "1"]);
    }
  });
}
