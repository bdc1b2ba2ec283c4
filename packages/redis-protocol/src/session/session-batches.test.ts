// Reads and touches of one tick: equal ones are sent once, each caller gets an answer of its own.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { batchChannel } from "@tollbooth-stores/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { createRedisSessionStore, createRedisStores } from "../create-redis-stores.ts";
import type { RedisPort } from "../redis-port.ts";
import { plainRecord } from "./session-record.test-support.ts";

const endsAtMs = 901_000;
const record = plainRecord({
  form: 2,
  afterMs: 900_000,
  createdAtMs: 1_000,
  idleTtlMs: 900_000,
  payload: '1{"plan":"pro"}',
});

/** A port that answers a read or a touch of each key, or what `answer` says, and tells what it was sent. */
function portOf(answer?: (keys: readonly string[], args: readonly string[]) => unknown) {
  const sent: { keys: readonly string[]; args: readonly string[] }[] = [];
  const port: RedisPort = {
    name: "fake",
    cluster: false,
    async ready() {},
    async evalSha(_, keys, args) {
      sent.push({ keys, args });
      if (answer !== undefined) return answer(keys, args);
      // A read names a key a session; a touch three, and the spread before the hashes.
      return args.length === 1
        ? [2_000, keys.map(() => record)]
        : [2_000, Array.from({ length: keys.length / 3 }, () => endsAtMs)];
    },
    eval: () => Promise.reject(new Error("not asked for")),
    async *scan() {},
    async close() {},
  };
  return { port, sent };
}

describe("reads and touches of one tick", () => {
  it("are one call each, in which equal ones are one", async () => {
    const { port, sent } = portOf();
    const sessions = createRedisSessionStore<{ plan: string }>(port);
    const batches: unknown[] = [];
    const hear = (message: unknown) => void batches.push(message);
    subscribe(batchChannel, hear);
    onTestFinished(() => void unsubscribe(batchChannel, hear));
    const [one, same, other, touched, again] = await Promise.all([
      sessions.get("one"),
      sessions.get("one"),
      sessions.get("other"),
      sessions.touch("one"),
      sessions.touch("one"),
    ]);
    expect(sent.map(({ keys }) => keys.length)).toEqual([2, 3]);
    expect(batches).toMatchObject([
      { script: "session.get", calls: 3, keys: 2 },
      { script: "session.touch", calls: 2, keys: 3 },
    ]);
    expect([one?.data, same?.data, other?.data]).toEqual(Array(3).fill({ plan: "pro" }));
    expect(one?.data).not.toBe(same?.data);
    expect([touched, again]).toEqual(Array(2).fill({ status: "ok", expiresAtMs: endsAtMs }));
  });

  it("fail alone where one session cannot be read", async () => {
    const { port } = portOf((keys) => [2_000, keys.map((_, at) => [record, "!CORRUPT", "!MGET", null][at])]);
    const sessions = createRedisSessionStore(port);
    const outcomes = await Promise.allSettled(["a", "b", "c", "d"].map((id) => sessions.get(id)));
    expect(outcomes.map((each) => (each.status === "fulfilled" ? each.value?.version : each.reason.code))).toEqual([
      expect.any(Number),
      "STORE_CORRUPT",
      "STORE_CORRUPT",
      undefined,
    ]);
  });

  it.each([[2_000], [2_000, []], ["2000", [record]], [2_000, [7]], undefined])(
    "answer nothing from a reply of another form: %j",
    async (...reply) => {
      const { port } = portOf(() => reply);
      await expect(createRedisSessionStore(port).get("id")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    },
  );

  it("of an aborted caller are not sent, and the others are", async () => {
    const { port, sent } = portOf();
    const sessions = createRedisSessionStore(port);
    const abort = new AbortController();
    const gone = sessions.get("gone", { signal: abort.signal });
    const stays = sessions.get("stays");
    abort.abort(new Error("The client went away."));
    await expect(gone).rejects.toThrow("The client went away.");
    expect(await stays).toMatchObject({ data: { plan: "pro" } });
    expect(sent.map(({ keys }) => keys.length)).toEqual([1]);
  });
});

it("coalesce is true or false, and nothing that looks like it", () => {
  const { port } = portOf();
  for (const coalesce of ["false", "no", 0, null]) {
    const options: object = { coalesce };
    expect(() => createRedisStores(port, options)).toThrow(/coalesce must be true/);
  }
});
