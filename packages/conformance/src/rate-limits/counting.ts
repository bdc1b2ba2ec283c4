// Rate limits 1-5: what a call takes, how many get in, and what changes nothing.
import assert from "node:assert/strict";
import { atOnce, bytesOf, rejectsWith } from "../assertions.ts";
import { algorithms, checkOf, costing, countAllowed, minute, plain, type RateLimitProperty } from "./checks.ts";

export const countingProperties: readonly RateLimitProperty[] = [
  {
    id: "rate-limits/1",
    title: "the first call leaves capacity - cost",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        for (const cost of [1, 3, 10]) {
          const decision = await store.consume(checkOf(algorithm, 10, { client: `${algorithm} ${cost}`, cost }));
          assert.deepEqual(
            { ...plain(decision), resetAfterMs: 0 },
            { allowed: true, limit: 10, remaining: 10 - cost, retryAfterMs: 0, resetAfterMs: 0, source: "store" },
            algorithm,
          );
          assert.ok(decision.resetAfterMs > 0, `${algorithm}: something was taken, so there is something to reset`);
          assert.equal(typeof decision.receipt, "string", `${algorithm}: a receipt`);
        }
      }
      const bursty = { algorithm: "token-bucket", limit: 10, windowMs: minute, burst: 25 } as const;
      const { remaining } = await store.consume({ route: "burst", client: "alice", policy: bursty, cost: 2 });
      assert.equal(remaining, 23, "the capacity of a token bucket is its burst");
    },
  },
  {
    id: "rate-limits/2a",
    title: "of many calls at one instant exactly `limit` are admitted",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const decisions = await atOnce(150, () => store.consume(checkOf(algorithm, 40)));
        assert.equal(countAllowed(decisions), 40, algorithm);
      }
    },
  },
  {
    id: "rate-limits/2b",
    title: "of many calls at one instant over two instances exactly `limit` are admitted",
    needs: ["instances"],
    async run(bench) {
      const namespace = bench.namespace();
      const stores = [await bench.open(namespace), await bench.open(namespace)];
      for (const algorithm of algorithms) {
        const calls = await Promise.all(stores.map((store) => atOnce(80, () => store.consume(checkOf(algorithm, 40)))));
        assert.equal(countAllowed(calls.flat()), 40, algorithm);
      }
    },
  },
  {
    id: "rate-limits/2c",
    title: "of many calls at one instant from two processes exactly `limit` are admitted",
    needs: ["spawn"],
    async run(bench) {
      const namespace = bench.namespace();
      const spawn = bench.probe("spawn");
      const stores = await Promise.all([bench.keep(spawn(namespace)), bench.keep(spawn(namespace))]);
      for (const algorithm of algorithms) {
        const calls = await Promise.all(stores.map((store) => atOnce(80, () => store.consume(checkOf(algorithm, 40)))));
        assert.equal(countAllowed(calls.flat()), 40, algorithm);
      }
    },
  },
  {
    id: "rate-limits/3a",
    title: "a denied call changes no answer, and a cheaper one that fits is allowed after it",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 10);
        await store.consume(costing(check, 7));
        await bench.advance(1_000);
        const before = await store.peek(costing(check, 4));
        assert.equal(before.allowed, false, `${algorithm}: 4 does not fit`);
        const denied = await atOnce(20, () => store.consume(costing(check, 4)));
        assert.equal(countAllowed(denied), 0, `${algorithm}: 4 still does not fit`);
        assert.ok(
          denied.every(({ receipt }) => receipt === undefined),
          `${algorithm}: no receipt for nothing`,
        );
        assert.deepEqual(await store.peek(costing(check, 4)), before, `${algorithm}: twenty denials changed an answer`);
        assert.equal((await store.consume(costing(check, 2))).allowed, true, `${algorithm}: the cheap call`);
      }
    },
  },
  {
    id: "rate-limits/3b",
    title: "a denied call leaves the stored bytes as they were",
    needs: ["inspect"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      const inspect = bench.probe("inspect");
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 3, { client: algorithm });
        await store.consume(costing(check, 3));
        await bench.advance(1_000);
        const before = await inspect(namespace);
        assert.equal((await store.consume(check)).allowed, false, algorithm);
        assert.equal((await store.consumeAll([check, check])).allowed, false, algorithm);
        const after = await inspect(namespace);
        assert.deepEqual(bytesOf(after), bytesOf(before), algorithm);
        for (const { key, ttlMs } of after) {
          const old = before.find((entry) => entry.key === key);
          assert.ok(
            ttlMs === null || old?.ttlMs == null || ttlMs <= old.ttlMs,
            `${algorithm}: a denial moved the expiry`,
          );
        }
      }
    },
  },
  {
    id: "rate-limits/4a",
    title: "cost 0 answers what peek answers, and neither changes anything",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 2);
        const nothing = costing(check, 0);
        const compare = async (state: string) => {
          const peeked = await store.peek(nothing);
          assert.deepEqual(await store.consume(nothing), peeked, `${algorithm}, ${state}: consume of cost 0`);
          assert.deepEqual(await store.peek(nothing), peeked, `${algorithm}, ${state}: a second look`);
          assert.equal(peeked.receipt, undefined, `${algorithm}, ${state}: nothing taken, no receipt`);
        };
        await compare("unused");
        await store.peek(check);
        assert.equal(await store.reset(check), false, `${algorithm}: looking created a record`);
        await store.consume(check);
        await compare("partly used");
        await store.consume(check);
        await compare("used up");
        await store.charge(check);
        await compare("in debt");
        await store.block(check, 5_000);
        await compare("blocked");
      }
    },
  },
  {
    id: "rate-limits/4b",
    title: "a cost above capacity is denied for good and leaves no record",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        const denied = await store.consume(costing(check, 6));
        assert.deepEqual(
          denied,
          { allowed: false, limit: 5, remaining: 5, retryAfterMs: null, resetAfterMs: 0, source: "store" },
          algorithm,
        );
        assert.equal(await store.reset(check), false, `${algorithm}: it left a record`);
        await store.consume(check);
        assert.equal((await store.peek(costing(check, 6))).retryAfterMs, null, `${algorithm}: still never`);
      }
    },
  },
  {
    id: "rate-limits/4c",
    title: "neither cost 0, nor peek, nor a cost above capacity makes a key",
    needs: ["inspect"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        await store.consume(costing(check, 0));
        await store.peek(check);
        await store.consume(costing(check, 6));
        await store.consumeAll([costing(check, 6)]);
        await store.charge(costing(check, 0));
      }
      assert.deepEqual(await bench.probe("inspect")(namespace), []);
    },
  },
  {
    id: "rate-limits/5a",
    title: "impossible numbers are refused and change nothing",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        for (const bad of [-1, Number.NaN, 0.5, 2 ** 53, Number.POSITIVE_INFINITY]) {
          const wrong = [costing(check, bad), checkOf(algorithm, bad), checkOf(algorithm, 5, { windowMs: bad })];
          for (const [index, input] of wrong.entries()) {
            const what = `${algorithm}: ${bad} as ${["cost", "limit", "windowMs"][index]}`;
            await rejectsWith("STORE_INVALID_ARGUMENT", what, () => store.consume(input));
            await rejectsWith("STORE_INVALID_ARGUMENT", what, () => store.peek(input));
            await rejectsWith("STORE_INVALID_ARGUMENT", what, () => store.charge(input));
            await rejectsWith("STORE_INVALID_ARGUMENT", what, () => store.consumeAll([check, input]));
          }
          await rejectsWith("STORE_INVALID_ARGUMENT", `${bad} as duration of a block`, () => store.block(check, bad));
        }
        await rejectsWith("STORE_INVALID_ARGUMENT", "0 as windowMs", () =>
          store.consume({ ...checkOf(algorithm, 5, { windowMs: 0 }) }),
        );
        await rejectsWith("STORE_INVALID_ARGUMENT", "0 as duration of a block", () => store.block(check, 0));
        assert.equal(await store.reset(check), false, `${algorithm}: a refused call left a record`);
      }
      const policy = { algorithm: "token-bucket", limit: 5, windowMs: minute, burst: -1 } as const;
      await rejectsWith("STORE_INVALID_ARGUMENT", "-1 as burst", () =>
        store.consume({ route: "r", client: "c", policy }),
      );
    },
  },
  {
    id: "rate-limits/5b",
    title: "impossible numbers never reach the backend",
    needs: ["backendCalls"],
    async run(bench) {
      const store = await bench.open();
      await store.peek(checkOf("fixed-window", 1));
      const before = bench.probe("backendCalls")();
      for (const algorithm of algorithms) {
        for (const bad of [-1, Number.NaN, 0.5, 2 ** 53]) {
          await rejectsWith("STORE_INVALID_ARGUMENT", `${bad}`, () =>
            store.consume(checkOf(algorithm, 5, { cost: bad })),
          );
          await rejectsWith("STORE_INVALID_ARGUMENT", `${bad}`, () => store.block(checkOf(algorithm, 5), bad));
        }
      }
      assert.equal(bench.probe("backendCalls")(), before);
    },
  },
  {
    id: "rate-limits/5c",
    title: "limit 0 denies, with finite numbers",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 0);
        const denied = { allowed: false, limit: 0, remaining: 0, retryAfterMs: null, resetAfterMs: 0, source: "store" };
        assert.deepEqual(await store.consume(check), denied, algorithm);
        assert.deepEqual(await store.peek(check), denied, algorithm);
        assert.equal(await store.reset(check), false, `${algorithm}: it left a record`);
      }
    },
  },
];
