// Which deadline applies, and that its error names the option that set it.
import { StoreError } from "@tollbooth-stores/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRedisSessionStore, createRedisStores } from "../create-redis-stores.ts";
import type { RedisPort } from "../redis-port.ts";
import { plainRecord } from "../session/session-record.test-support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "fixed-window", limit: 1, windowMs: 60_000 },
} as const;

/** A port that is connected after `readyAfterMs`, and answers what `answer` says. */
function slowPort(readyAfterMs: number, answer: () => Promise<unknown>): RedisPort {
  return {
    name: "slow",
    cluster: false,
    ready: () => new Promise((resolve) => setTimeout(resolve, readyAfterMs)),
    evalSha: answer,
    eval: answer,
    async *scan() {},
    close: () => Promise.resolve(),
  };
}

const never = () => new Promise<never>(() => {});

/** What a call is answered, and after how many milliseconds to the nearest ten: the fake timers count an "immediate" as one. */
async function outcome(call: Promise<unknown>): Promise<[message: string, afterMs: number]> {
  const startMs = Date.now();
  const afterMs = () => Math.round((Date.now() - startMs) / 10) * 10;
  let result: [string, number] | undefined;
  call.then(
    () => {
      result = ["answered", afterMs()];
    },
    (error: Error) => {
      result = [error.message, afterMs()];
    },
  );
  while (result === undefined) await vi.advanceTimersByTimeAsync(100);
  return result;
}

it("gives a first ping connectTimeoutMs to connect, and names it", async () => {
  const stores = createRedisStores(slowPort(10_000, never), { commandTimeoutMs: 500, connectTimeoutMs: 2_000 });
  const [message, afterMs] = await outcome(stores.ping());
  expect(message).toMatch(/^No connection to Redis within connectTimeoutMs \(2000\); nothing was sent/);
  expect(afterMs).toBe(2_000);
});

it("gives any other call commandTimeoutMs, connection included, and names it", async () => {
  const stores = createRedisStores(slowPort(10_000, never), { commandTimeoutMs: 500, connectTimeoutMs: 2_000 });
  const [message, afterMs] = await outcome(stores.rateLimits.consume(check));
  expect(message).toMatch(/^No connection to Redis within commandTimeoutMs \(500\); nothing was sent/);
  expect(afterMs).toBe(500);
});

it("gives a ping that has its connection commandTimeoutMs for the answer, and names that", async () => {
  const stores = createRedisStores(slowPort(1_000, never), { commandTimeoutMs: 500, connectTimeoutMs: 2_000 });
  const [message, afterMs] = await outcome(stores.ping());
  expect(message).toMatch(/^Redis did not answer within commandTimeoutMs \(500\); the call may have taken effect/);
  expect(afterMs).toBe(1_500);
});

it("gives a ping on a port that has answered before commandTimeoutMs, and names it", async () => {
  let readyAfterMs = 0;
  const port = slowPort(0, () => Promise.resolve([]));
  const stores = createRedisStores(
    { ...port, ready: () => new Promise((resolve) => setTimeout(resolve, readyAfterMs)) },
    { commandTimeoutMs: 500, connectTimeoutMs: 2_000 },
  );
  expect(await outcome(stores.ping())).toEqual(["answered", 0]);
  readyAfterMs = 10_000;
  const [message, afterMs] = await outcome(stores.ping());
  expect(message).toMatch(/^The connection to Redis did not take the call within commandTimeoutMs \(500\); nothing/);
  expect(afterMs).toBe(500);
});

it("names connectTimeoutMs also where it is the shorter one", async () => {
  const stores = createRedisStores(slowPort(10_000, never), { commandTimeoutMs: 2_000, connectTimeoutMs: 300 });
  const [message, afterMs] = await outcome(stores.ping());
  expect(message).toMatch(/within connectTimeoutMs \(300\)/);
  expect(afterMs).toBe(300);
});

it("a state that has not passed by the deadline is what the error names, and nothing was applied", async () => {
  const stores = createRedisStores(
    slowPort(0, () => Promise.reject(new Error("LOADING Redis is loading the dataset in memory"))),
    { commandTimeoutMs: 500 },
  );
  const call = stores.rateLimits.consume(check);
  expect(await outcome(call)).toEqual([expect.stringContaining("still loading"), 500]);
  await expect(call).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
});

it("is not sent once more where the server takes longer to refuse it than there is time left", async () => {
  let calls = 0;
  const loading = slowPort(0, async () => {
    calls += 1;
    await new Promise((resolve) => setTimeout(resolve, 150));
    throw new Error("LOADING Redis is loading the dataset in memory");
  });
  const stores = createRedisStores(loading, { commandTimeoutMs: 500 });
  const call = stores.rateLimits.consume(check);
  // Refused at 150, 320 and then 510 ms, which is too late: the third is not sent.
  expect(await outcome(call)).toEqual([expect.stringContaining("still loading"), 360]);
  await expect(call).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
  expect(calls).toBe(2);
});

const ownRefusal = new StoreError("STORE_UNAVAILABLE", "The password is wrong.");
/** As another installed copy of core makes it. */
const foreignRefusal = Object.assign(new Error("The password is wrong."), ownRefusal);
Object.defineProperty(foreignRefusal, Symbol.for("tollbooth-stores.StoreError"), { value: true });

it.each([
  ["", ownRefusal],
  [", which a port throws that has another copy of core", foreignRefusal],
])("a state that passed is not what a later failure is told as%s", async (_by, refusal) => {
  let attempts = 0;
  const port = slowPort(0, () => Promise.reject(new Error("LOADING Redis is loading the dataset in memory")));
  const ready = async () => {
    attempts += 1;
    if (attempts > 1) throw refusal;
  };
  const stores = createRedisStores({ ...port, ready }, { commandTimeoutMs: 500 });
  const [message, afterMs] = await outcome(stores.rateLimits.consume(check));
  expect([message, attempts]).toEqual(["The password is wrong.", 2]);
  expect(afterMs).toBeLessThan(500);
});

describe("an operation of several steps", () => {
  const session = plainRecord({ form: 2, afterMs: 900_000, createdAtMs: 1_000, idleTtlMs: 900_000, payload: "17" });
  const later = plainRecord({ form: 2, version: 2, afterMs: 900_000, idleTtlMs: 900_000, payload: "18" });

  /** Sessions on a port whose calls take `eachMs`, and answer as to a read. */
  function sessionsOf(eachMs: number) {
    const sent: number[] = [];
    const answer = async () => {
      sent.push(Date.now());
      await new Promise((resolve) => setTimeout(resolve, eachMs));
      return found(1);
    };
    return { store: createRedisSessionStore(slowPort(0, answer), { commandTimeoutMs: 500 }), sent };
  }
  const found = (times: number) => [2_000, Array.from({ length: times }, () => session)];

  it("has one deadline for all of them: rotate", async () => {
    const { store, sent } = sessionsOf(300);
    const [message, afterMs] = await outcome(store.rotate("id"));
    expect(message).toMatch(/^Redis did not answer within commandTimeoutMs \(500\); the call may have taken effect/);
    expect([afterMs, sent.length]).toEqual([500, 2]);
  });

  it("has one deadline for all of them: modify, which does not count the time that `change` takes", async () => {
    const { store, sent } = sessionsOf(300);
    const change = () => new Promise((resolve) => setTimeout(() => resolve(8), 1_000));
    const [message, afterMs] = await outcome(store.modify("id", change));
    expect(message).toMatch(/^Redis did not answer within commandTimeoutMs \(500\)/);
    expect([afterMs, sent.length]).toEqual([1_500, 2]);
  });

  it("sends nothing more once its time is over, and says that nothing was changed", async () => {
    // Moved by the answers: the pause before the next attempt is real time, however little.
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    const answers: [atMs: number, reply: unknown[]][] = [
      [240, found(1)],
      [500, [["conflict", later]]],
    ];
    const answer = async () => {
      const [atMs, reply] = answers.shift() ?? [NaN, []];
      clock.mockReturnValue(atMs);
      return reply;
    };
    const store = createRedisSessionStore(slowPort(0, answer), { commandTimeoutMs: 500 });
    const [message] = await outcome(store.modify("id", () => 8));
    expect(message).toMatch(
      /^The operation's earlier steps.* took all of commandTimeoutMs \(500\); nothing was changed/,
    );
    expect(answers).toHaveLength(0);
    clock.mockRestore();
  });

  it("of getMany has a deadline for each of its calls, and says how far it has come", async () => {
    let calls = 0;
    const answer = async (_: string, keys: readonly string[]) => {
      calls += 1;
      if (calls > 6) return never();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return found(keys.length);
    };
    const port = slowPort(0, never);
    const store = createRedisSessionStore({ ...port, evalSha: answer }, { commandTimeoutMs: 500 });
    const ids = Array.from({ length: 700 }, (_, index) => `id ${index}`);
    const [message, afterMs] = await outcome(store.getMany(ids));
    expect(message).toMatch(
      /^Redis did not answer within commandTimeoutMs \(500\).* getMany had read 384 of 700 sessions\.$/,
    );
    expect(afterMs).toBeGreaterThan(500);
  });
});
