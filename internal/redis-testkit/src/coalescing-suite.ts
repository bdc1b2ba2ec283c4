// Calls that travel together, on a real server: each gets what it would have got alone, and none holds up another.
import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { setImmediate } from "node:timers/promises";
import {
  type BatchMessage,
  batchChannel,
  isStoreError,
  type RateLimitCheck,
  type RateLimitStore,
} from "@tollbooth-stores/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { batches, type Call, checkOf, examples, inBatchOrder, rules, settled } from "./coalesced-calls.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";

function isBatch(message: unknown): message is BatchMessage {
  return typeof message === "object" && message !== null && "script" in message;
}

function never(): never {
  throw new Error("There is no decision.");
}

/** Registers the tests. */
export function coalescingSuite<Client>({ name, create }: ClientProvider<Client>): void {
  describe(`calls of one tick on ${name}`, () => {
    let redis: RunningRedis;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    const clock = { nowMs: 1_700_000_000_000, now: () => clock.nowMs };
    let namespaces = 0;
    const opened = (options: { coalesce: boolean; keyPrefix: string; denyCacheMaxMs?: number }): RateLimitStore => {
      const { host, port } = redis;
      const store = create.rateLimits({ connection: { host, port }, clock, commandTimeoutMs: 5_000, ...options });
      onTestFinished(() => store.close());
      return store;
    };
    const namespace = () => {
      namespaces += 1;
      return `coalescing-${namespaces}`;
    };

    it("get what they would get one by one: mixed rules, equal clients, callers that give up", {
      timeout: 120_000,
    }, async () => {
      const [together, remembering, alone] = [
        opened({ coalesce: true, keyPrefix: "together", denyCacheMaxMs: 0 }),
        opened({ coalesce: true, keyPrefix: "remembering" }),
        opened({ coalesce: false, keyPrefix: "alone", denyCacheMaxMs: 0 }),
      ];
      // A script that the server does not know yet is sent twice, and so comes later than its neighbours.
      for (const kind of ["consume", "peek", "charge"] as const) {
        for (const rule of rules.keys()) await alone[kind](checkOf({ kind, rule, client: 0, cost: 1, gaveUp: false }));
      }
      let round = 0;
      await fc.assert(
        fc.asyncProperty(fc.boolean(), batches, async (remembers, played) => {
          round += 1;
          const store = remembers ? remembering : together;
          for (const { stepMs, calls } of played) {
            clock.nowMs += stepMs;
            const named = (one: Call): RateLimitCheck => ({ ...checkOf(one), route: `${round} ${checkOf(one).route}` });
            const asked = calls.map((call) => {
              // Of a caller that gave up nothing tells whether its denial was remembered.
              const one = { ...call, gaveUp: call.gaveUp && !remembers };
              const giving = new AbortController();
              const answer = store[one.kind](named(one), one.gaveUp ? { signal: giving.signal } : undefined);
              return { answer, giving, one };
            });
            for (const { giving, one } of asked) if (one.gaveUp) giving.abort("gave up");
            const sources = await Promise.all(
              asked.map(({ answer }) =>
                answer.then(
                  ({ source }) => source,
                  () => undefined,
                ),
              ),
            );
            // Where all callers gave up, their tick is not over yet: the next batch's calls would join their groups.
            await setImmediate();
            // A remembered denial is decided when it is asked for, before any batch is sent.
            const denied = asked.filter((_, nth) => sources[nth] === "deny-cache");
            for (const { answer, one } of [
              ...denied,
              ...inBatchOrder(asked.filter((each) => !denied.includes(each))),
            ]) {
              const outcome = await settled(answer);
              if (one.gaveUp) expect(outcome).toBe("gave up");
              else {
                const expected = await settled(alone[one.kind](named(one)));
                expect(outcome, `${one.kind} of ${one.cost} under ${rules[one.rule]?.algorithm}`).toEqual(expected);
              }
            }
          }
        }),
        { numRuns: 60, examples },
      );
    });

    it("are one script call for 32 keys, one for any number of equal keys, and told on the batch channel", async () => {
      const store = opened({ coalesce: true, keyPrefix: namespace() });
      const check = (client: string): RateLimitCheck => ({ route: "r", client, policy: rules[1] });
      await store.consume(check("first"));
      const messages: BatchMessage[] = [];
      const hear = (message: unknown) => {
        if (isBatch(message)) messages.push(message);
      };
      subscribe(batchChannel, hear);
      onTestFinished(() => void unsubscribe(batchChannel, hear));
      expect(channel(batchChannel).hasSubscribers).toBe(true);
      const decisions = await Promise.all([
        ...Array.from({ length: 40 }, (_, client) => store.consume(check(`client ${client}`))),
        ...Array.from({ length: 300 }, () => store.peek(check("first"))),
      ]);
      expect(decisions.every(({ allowed }) => allowed)).toBe(true);
      expect(messages.map(({ script, calls, keys }) => [script, calls, keys])).toEqual([
        ["rate-limit.consume.fixed-window", 32, 32],
        ["rate-limit.consume.fixed-window", 8, 8],
        ["rate-limit.peek.fixed-window", 300, 1],
      ]);
      expect(messages.every(({ waitedMs, provider }) => waitedMs >= 0 && waitedMs < 5_000 && provider !== "")).toBe(
        true,
      );
    });

    it("fail alone where one key is of another type, or cannot be read", async () => {
      const keyPrefix = namespace();
      const store = opened({ coalesce: true, keyPrefix });
      const check = (client: string): RateLimitCheck => ({ route: "r", client, policy: rules[0] });
      await Promise.all(["sound", "hash", "odd"].map((client) => store.consume(check(client))));
      const keys = String(await redis.command("KEYS", `${keyPrefix}:*`)).split(",");
      expect(keys).toHaveLength(3);
      const [hash = "", odd = "", sound = ""] = keys;
      await redis.command("DEL", hash);
      await redis.command("HSET", hash, "a", "b");
      await redis.command("SET", odd, "not a record");
      const outcomes = await Promise.allSettled(["sound", "hash", "odd"].map((client) => store.consume(check(client))));
      const corrupt = outcomes.filter((one) => one.status === "rejected" && isStoreError(one.reason, "STORE_CORRUPT"));
      expect(corrupt).toHaveLength(2);
      expect(outcomes.filter((one) => one.status === "fulfilled")).toHaveLength(1);
      expect(await redis.command("TYPE", hash)).toBe("hash");
      expect(await redis.command("GET", odd)).toBe("not a record");
      expect(await redis.command("GET", sound)).toMatch(/^1\d{18}$/);
    });

    it("of two costs, the larger one denied first: the next denial knows what the smaller one took", async () => {
      const store = opened({ coalesce: true, keyPrefix: namespace() });
      const check = (cost: number): RateLimitCheck => ({ route: "r", client: "c", policy: rules[3], cost });
      await Promise.all([store.consume(check(9)), store.consume(check(2))]);
      expect(await store.consume(check(9))).toMatchObject({ allowed: false, remaining: 2, resetAfterMs: 12_000 });
    });

    it("keep a sliding window for two windows again, once something is taken after all was given back", async () => {
      const keyPrefix = namespace();
      const store = opened({ coalesce: true, keyPrefix });
      const windowMs = 600_000;
      const policy = { algorithm: "sliding-window", limit: 7, windowMs } as const;
      const check: RateLimitCheck = { route: "r", client: "c", policy };
      clock.nowMs = (Math.floor(clock.nowMs / windowMs) + 0.5) * windowMs;
      await store.consume(check);
      clock.nowMs += windowMs;
      const { receipt = "" } = await store.consume(check);
      await store.refund(check, receipt);
      await store.consume(check);
      const key = String(await redis.command("KEYS", `${keyPrefix}:*`));
      expect(Number(await redis.command("PTTL", key))).toBeGreaterThan(1.4 * windowMs);
    });

    it.each(rules)("keep a record in which one character is no digit, and refuse it: $algorithm", async (policy) => {
      const keyPrefix = namespace();
      const store = opened({ coalesce: true, keyPrefix, denyCacheMaxMs: 0 });
      const check: RateLimitCheck = { route: "r", client: "c", policy };
      const { receipt = "" } = await store.consume(check);
      const key = String(await redis.command("KEYS", `${keyPrefix}:*`));
      const sound = String(await redis.command("GET", key));
      const places = [1, 4, 6, 14, sound.length - 1];
      for (const text of places.flatMap((at) =>
        [..." +-.xe"].map((odd) => sound.slice(0, at) + odd + sound.slice(at + 1)),
      )) {
        await redis.command("SET", key, text, "PX", "60000");
        const calls = [
          () => store.consume(check),
          () => store.charge(check),
          () => store.peek(check),
          () => store.refund(check, receipt),
          () => store.block(check, 1_000),
          () => store.consumeAll([check]),
          () => store.consumeAll([{ ...check, client: "other" }, check]),
        ];
        for (const call of calls) {
          await expect(call(), text).rejects.toMatchObject({ code: "STORE_CORRUPT" });
          expect(await redis.command("GET", key), String(call)).toBe(text);
        }
      }
      expect((await store.peek({ ...check, client: "other" })).resetAfterMs).toBe(0);
    });

    it("take nothing together where one key is of another type, wherever it stands", async () => {
      const keyPrefix = namespace();
      const store = opened({ coalesce: true, keyPrefix });
      const check = (client: string): RateLimitCheck => ({ route: "r", client, policy: rules[0] });
      await store.consume(check("hash"));
      const key = String(await redis.command("KEYS", `${keyPrefix}:*`));
      await redis.command("DEL", key);
      await redis.command("HSET", key, "a", "b");
      await store.consume(check("old"));
      for (const order of [
        ["new", "old", "hash"],
        ["hash", "new", "old"],
        ["old", "hash", "new"],
      ]) {
        const failed = await settled(
          store.consumeAll(order.map(check)).then(({ decisions: [first] }) => first ?? never()),
        );
        expect(failed).toMatch(/cannot be read/);
        expect((await store.peek(check("new"))).resetAfterMs).toBe(0);
        expect((await store.peek(check("old"))).remaining).toBe(4);
      }
      await expect(store.peek(check("hash"))).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      await expect(store.consume({ ...check("hash"), cost: 9 })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    });

    it("are sent by slot to a server that stands before a cluster, from its first refusal on", async () => {
      const cluster = await startReplicatedCluster({ primaries: 1, replicas: 0 });
      onTestFinished(() => cluster.stop());
      const stores = create.stores({ connection: { url: cluster.nodes[0]?.url ?? "" }, commandTimeoutMs: 5_000 });
      onTestFinished(() => stores.close());
      const check = (client: number): RateLimitCheck => ({ route: "r", client: `client ${client}`, policy: rules[0] });
      const clients = Array.from({ length: 40 }, (_, client) => client);
      for (const remaining of [4, 3]) {
        const decisions = await Promise.all(clients.map((client) => stores.rateLimits.consume(check(client))));
        expect(new Set(decisions.map((decision) => decision.remaining))).toEqual(new Set([remaining]));
      }
      const both = await stores.rateLimits.consumeAll([check(0), check(1)]);
      expect(both).toMatchObject({ allowed: true, atomic: false });
      const ids = await Promise.all(
        clients.map(async (data) => (await stores.sessions.create({ data, idleTtlMs: 60_000 })).record.id),
      );
      expect((await stores.sessions.getMany(ids)).map((session) => session?.data)).toEqual(clients);
    });

    it("are not sent where all their callers gave up while there was no connection", async () => {
      const keyPrefix = namespace();
      const store = opened({ coalesce: true, keyPrefix });
      await store.consume({ route: "r", client: "warm", policy: rules[0] });
      await redis.kill("SIGSTOP");
      const giving = new AbortController();
      const check = { route: "r", client: "gone", policy: rules[0] };
      const asked = store.consume(check, { signal: giving.signal });
      giving.abort("gave up");
      await expect(asked).rejects.toBe("gave up");
      await redis.kill("SIGCONT");
      expect((await store.peek(check)).remaining).toBe(5);
    });
  });
}
