// Rate limits 6, 7, 12 and 14: when a client may come again, and what a changed limit does to that.
import assert from "node:assert/strict";
import type { RateLimitCheck } from "@tollbooth-stores/core";
import fc from "fast-check";
import {
  algorithms,
  assertSound,
  checkOf,
  costing,
  minute,
  plain,
  play,
  type RateLimitProperty,
  toWindowStart,
  usages,
} from "./checks.ts";

export const timeProperties: readonly RateLimitProperty[] = [
  {
    id: "rate-limits/6",
    title:
      "a retry at retryAfterMs succeeds and one a millisecond earlier fails; remaining is an integer within capacity",
    async run(bench) {
      const store = await bench.open();
      let client = 0;
      await bench.forAll(fc.tuple(usages, fc.integer({ min: 1, max: 12 })), 120, async ([usage, wanted]) => {
        client += 1;
        const check = costing(await play(bench, store, usage, `client ${client}`), Math.min(wanted, usage.limit));
        let decision = await store.consume(check);
        for (let calls = 0; decision.allowed && calls < 40; calls += 1) decision = await store.consume(check);
        assert.equal(decision.allowed, false, "an allowance ends");
        assertSound(decision, usage.limit);
        const { retryAfterMs } = decision;
        assert.ok(retryAfterMs !== null, "a cost within capacity fits some day");
        await bench.advance(retryAfterMs - 1);
        assert.equal((await store.consume(check)).allowed, false, "a millisecond early");
        await bench.advance(1);
        const retried = await store.consume(check);
        assert.equal(retried.allowed, true, "at retryAfterMs");
        assertSound(retried, usage.limit);
      });
    },
  },
  {
    id: "rate-limits/7a",
    title: "at resetAfterMs a client equals one never seen, and a millisecond earlier it does not",
    async run(bench) {
      const store = await bench.open();
      let client = 0;
      await bench.forAll(usages, 120, async (usage) => {
        client += 1;
        const check = await play(bench, store, usage, `client ${client}`);
        await store.consume(check);
        const { resetAfterMs } = await store.peek(check);
        if (resetAfterMs > 0) {
          await bench.advance(resetAfterMs - 1);
          assert.equal((await store.peek(check)).resetAfterMs, 1, "a millisecond before the reset");
          await bench.advance(1);
        }
        const unseen = { ...check, client: `never seen ${client}` };
        assert.deepEqual(await store.peek(check), await store.peek(unseen), "peek");
        assert.deepEqual(plain(await store.consume(check)), plain(await store.consume(unseen)), "consume");
      });
    },
  },
  {
    id: "rate-limits/7b",
    title: "a fixed window ends at the same instant whatever happens in it",
    async run(bench) {
      const store = await bench.open();
      const check = checkOf("fixed-window", 4);
      const { resetAfterMs: whole } = await store.consume(check);
      assert.equal(whole, minute, "a window begins with a client's first call");
      let passed = 0;
      for (const step of [1, 999, 20_000, 30_000]) {
        await bench.advance(step);
        passed += step;
        for (const call of [store.consume, store.peek, store.consume]) {
          assert.equal((await call(check)).resetAfterMs, whole - passed, `after ${passed} ms`);
        }
      }
    },
  },
  {
    id: "rate-limits/12",
    title: "in a sliding window the previous one still counts at 1.99 windows and is gone at 2",
    async run(bench) {
      const store = await bench.open();
      await toWindowStart(bench, store, minute);
      const check = checkOf("sliding-window", 100);
      await store.consume(costing(check, 100));
      await bench.advance(1.5 * minute);
      assert.equal((await store.peek(check)).remaining, 50, "at 1.5 windows half of it counts");
      await bench.advance(0.49 * minute);
      const late = await store.peek(check);
      assert.equal(late.remaining, 99, "at 1.99 windows a hundredth of it counts");
      assert.equal(late.resetAfterMs, 0.01 * minute, "at 1.99 windows");
      await bench.advance(0.01 * minute);
      const gone = await store.peek(check);
      assert.deepEqual([gone.remaining, gone.resetAfterMs], [100, 0], "at 2 windows");
    },
  },
  {
    id: "rate-limits/14a",
    title: "a limit changed in mid-window holds at once",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const at = (limit: number) => checkOf(algorithm, limit);
        await store.consume(costing(at(10), 4));
        assert.equal((await store.peek(at(20))).limit, 20, algorithm);
        assert.equal(
          (await store.consume(costing(at(20), 12))).allowed,
          true,
          `${algorithm}: a higher limit takes more`,
        );
        const lower = await store.consume(at(5));
        assert.deepEqual([lower.allowed, lower.limit, lower.remaining], [false, 5, 0], `${algorithm}: a lower limit`);
        assert.equal((await store.peek(at(0))).retryAfterMs, null, `${algorithm}: none at all`);
      }
    },
  },
  {
    id: "rate-limits/14b",
    title: "a higher limit never denies what a lower one allowed",
    async run(bench) {
      const store = await bench.open();
      const limits = fc.tuple(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 5 }),
      );
      let client = 0;
      await bench.forAll(fc.tuple(usages, limits), 100, async ([usage, [one, other, cost]]) => {
        client += 1;
        const check = await play(bench, store, { ...usage, windowMs: minute }, `client ${client}`);
        const at = (limit: number) => store.peek({ ...check, cost, policy: { ...check.policy, limit } });
        const lower = await at(Math.min(one, other));
        const higher = await at(Math.max(one, other));
        assert.ok(
          higher.allowed || !lower.allowed,
          `${usage.algorithm}: allowed at the lower limit, denied at the higher`,
        );
        assert.ok(higher.remaining >= lower.remaining, `${usage.algorithm}: fewer remain at the higher limit`);
      });
    },
  },
  {
    id: "rate-limits/14c",
    title: "two bursts on one identity count together: the smaller one waits for what the larger one allowed",
    async run(bench) {
      const store = await bench.open();
      const bucket = (client: string, burst: number, cost = 1): RateLimitCheck => {
        const { policy, ...rest } = checkOf("token-bucket", 10, { client, cost });
        return { ...rest, policy: { ...policy, algorithm: "token-bucket", burst } };
      };
      let admitted = 0;
      for (let call = 0; call < 200; call += 1) {
        const { allowed } = await store.consume(bucket("both", call % 2 === 0 ? 10 : 100));
        if (allowed) admitted += 1;
      }
      assert.equal(admitted, 100, "admitted of 200 calls at one instant, with bursts of 10 and 100 in turn");

      await store.consume(bucket("lowered", 100, 100));
      const lowered = await store.consume(bucket("lowered", 10));
      // Of the 100 taken, 91 must be back before one fits into 10, at 10 a minute.
      const unitMs = minute / 10;
      assert.deepEqual([lowered.allowed, lowered.remaining, lowered.retryAfterMs], [false, 0, 91 * unitMs]);
      await bench.advance(91 * unitMs - 1);
      assert.equal((await store.consume(bucket("lowered", 10))).allowed, false, "a millisecond early");
      await bench.advance(1);
      assert.equal((await store.consume(bucket("lowered", 10))).allowed, true, "at retryAfterMs");
    },
  },
];
