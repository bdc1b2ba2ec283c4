// Rate limits 9-11: refunds, post-paid charges, blocks, and how long a key may live.
import assert from "node:assert/strict";
import {
  algorithms,
  checkOf,
  costing,
  minute,
  plain,
  type RateLimitProperty,
  receiptOf,
  toWindowStart,
} from "./checks.ts";

export const givingBackProperties: readonly RateLimitProperty[] = [
  {
    id: "rate-limits/9a",
    title: "a refund gives back what was taken, and never more than the capacity",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        const unused = await store.peek(check);
        const three = await store.consume(costing(check, 3));
        const one = await store.consume(check);
        assert.equal((await store.refund(check, receiptOf(one))).remaining, 2, `${algorithm}: one came back`);
        assert.equal((await store.refund(check, receiptOf(three))).remaining, 5, `${algorithm}: three came back`);
        await store.consume(check);
        const more = await store.refund(check, receiptOf(three));
        assert.equal(more.remaining, 5, `${algorithm}: three of one`);
        assert.deepEqual(await store.peek(check), unused, `${algorithm}: a refund left more than an unused allowance`);
        assert.equal((await store.consume(costing(check, 5))).allowed, true, algorithm);
        assert.equal((await store.consume(check)).allowed, false, `${algorithm}: not six of five`);
      }
    },
  },
  {
    id: "rate-limits/9b",
    title: "a refund creates no record and moves no end",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        const taken = await store.consume(costing(check, 2));
        await store.reset(check);
        await store.refund(check, receiptOf(taken));
        assert.equal(await store.reset(check), false, `${algorithm}: it made a record`);
        const first = await store.consume(costing(check, 2));
        await store.consume(costing(check, 2));
        const before = (await store.peek(check)).resetAfterMs;
        const after = await store.refund(check, receiptOf(first));
        assert.ok(after.resetAfterMs <= before, `${algorithm}: the end moved`);
      }
    },
  },
  {
    id: "rate-limits/9c",
    title: "a refund makes no key and prolongs none",
    needs: ["inspect"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      const inspect = bench.probe("inspect");
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        const first = await store.consume(costing(check, 2));
        await store.consume(costing(check, 2));
        await bench.advance(10);
        const before = await inspect(namespace);
        await store.refund(check, receiptOf(first));
        for (const { key, ttlMs } of await inspect(namespace)) {
          const old = before.find((entry) => entry.key === key);
          assert.ok(old !== undefined, `${algorithm}: a new key`);
          assert.ok(ttlMs !== null && old.ttlMs !== null && ttlMs <= old.ttlMs, `${algorithm}: a longer TTL`);
        }
        await store.reset(check);
        await store.refund(check, receiptOf(first));
        assert.deepEqual(await inspect(namespace), [], `${algorithm}: a key out of nothing`);
      }
    },
  },
  {
    id: "rate-limits/9d",
    title: "a refund credits no later window",
    async run(bench) {
      const store = await bench.open();
      await toWindowStart(bench, store, minute);
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 4);
        const old = await store.consume(costing(check, 4));
        await bench.advance(2 * minute);
        assert.equal((await store.consume(costing(check, 4))).allowed, true, `${algorithm}: a later window`);
        const after = await store.refund(check, receiptOf(old));
        assert.equal(after.remaining, 0, `${algorithm}: an old receipt was credited`);
        assert.equal((await store.consume(check)).allowed, false, algorithm);
        await bench.advance(2 * minute);
      }
    },
  },
  {
    id: "rate-limits/10a",
    title: "charge takes whatever it costs, down to -capacity and no further",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 6, { client: "in debt" });
        const first = await store.charge(costing(check, 4));
        assert.deepEqual([first.allowed, first.remaining], [true, 2], `${algorithm}: it fitted`);
        const second = await store.charge(costing(check, 4));
        assert.deepEqual([second.allowed, second.remaining], [false, 0], `${algorithm}: it did not fit and was taken`);
        assert.equal((await store.consume(costing(check, 0))).allowed, false, `${algorithm}: in debt`);
        // However much is charged, the debt ends where one charge of twice the capacity leaves it.
        for (let times = 0; times < 5; times += 1) await store.charge(costing(check, 6));
        const floor = checkOf(algorithm, 6, { client: "at the floor" });
        const receipts = [await store.charge(costing(floor, 6)), await store.charge(costing(floor, 6))].map(receiptOf);
        assert.deepEqual(await store.peek(check), await store.peek(floor), `${algorithm}: below -capacity`);
        await store.charge(costing(floor, 6));
        for (const receipt of receipts) await store.refund(floor, receipt);
        assert.equal((await store.peek(floor)).remaining, 6, `${algorithm}: two capacities back from -capacity`);
      }
    },
  },
  {
    id: "rate-limits/10b",
    title: "retryAfterMs after a charge is true",
    async run(bench) {
      const store = await bench.open();
      await toWindowStart(bench, store, minute);
      for (const algorithm of algorithms) {
        for (const cost of [1, 5, 9, 20]) {
          const check = checkOf(algorithm, 10, { client: `${algorithm} ${cost}` });
          await bench.advance(777);
          await store.charge(costing(check, 9));
          const charged = await store.charge(costing(check, cost));
          const what = `${algorithm}, cost ${cost}`;
          assert.equal(charged.allowed, cost === 1, what);
          const later = Math.min(cost, 10);
          const { retryAfterMs } = cost === 20 || cost === 1 ? await store.peek(costing(check, later)) : charged;
          if (cost === 20) assert.equal(charged.retryAfterMs, null, `${what} can never fit`);
          assert.ok(retryAfterMs !== null && retryAfterMs > 0, what);
          await bench.advance(retryAfterMs - 1);
          assert.equal((await store.peek(costing(check, later))).allowed, false, `${what}, a millisecond early`);
          await bench.advance(1);
          assert.equal((await store.consume(costing(check, later))).allowed, true, `${what}, at retryAfterMs`);
        }
      }
    },
  },
  {
    id: "rate-limits/10c",
    title: "block denies every cost until its end, and reset lifts it",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        await store.consume(costing(check, 2));
        await store.block(check, 10_000);
        await store.block(check, 1_000);
        for (const cost of [0, 1, 3]) {
          const denied = await store.consume(costing(check, cost));
          const seen = [denied.allowed, denied.remaining, denied.retryAfterMs];
          assert.deepEqual(seen, [false, 0, 10_000], `${algorithm}, cost ${cost}: a shorter block shortens none`);
        }
        assert.equal((await store.consumeAll([check])).allowed, false, algorithm);
        assert.equal(
          (await store.peek(costing(check, 6))).retryAfterMs,
          null,
          `${algorithm}: never fits, blocked or not`,
        );
        await bench.advance(9_999);
        assert.equal((await store.consume(check)).allowed, false, `${algorithm}: a millisecond before its end`);
        await bench.advance(1);
        assert.equal((await store.consume(check)).allowed, true, `${algorithm}: at its end`);
        await store.block(check, minute * 5);
        assert.equal(await store.reset(check), true, `${algorithm}: a block is a record`);
        assert.equal((await store.consume(check)).remaining, 4, `${algorithm}: reset lifts the block`);
        const fresh = checkOf(algorithm, 5, { client: "blocked before its first call" });
        await store.block(fresh, 2_000);
        assert.equal((await store.charge(fresh)).allowed, false, `${algorithm}: charge of one blocked`);
        assert.deepEqual((await store.peek(fresh)).retryAfterMs, 2_000, algorithm);
      }
    },
  },
  {
    id: "rate-limits/11a",
    title: "every key has a TTL, and not above its bound",
    needs: ["inspect"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        await store.consume(check);
        await store.charge(costing(check, 20));
        await store.consumeAll([{ ...check, client: "bob" }]);
        await store.block({ ...check, client: "carol" }, minute);
      }
      const entries = await bench.probe("inspect")(namespace);
      assert.ok(entries.length >= 9, "nine clients are known");
      // Two windows, with the widest jitter (0.5), a minute's grace of an injected clock, and a second of rounding.
      const boundMs = 2 * minute * 1.5 + minute + 1_000;
      for (const { ttlMs } of entries)
        assert.ok(ttlMs !== null && ttlMs > 0 && ttlMs <= boundMs, `a TTL of ${ttlMs} ms`);
    },
  },
  {
    id: "rate-limits/11b",
    title: "a key found without a TTL gets one again",
    needs: ["inspect", "persist"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      for (const algorithm of algorithms) await store.consume(checkOf(algorithm, 5));
      await bench.probe("persist")(namespace);
      await bench.advance(minute);
      for (const algorithm of algorithms) await store.consume(checkOf(algorithm, 5));
      for (const { ttlMs } of await bench.probe("inspect")(namespace))
        assert.ok(ttlMs !== null && ttlMs > 0, "still without a TTL");
    },
  },
  {
    id: "rate-limits/9e",
    title: "a refund answers what peek would, while blocked too",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        const taken = await store.consume(costing(check, 5));
        await store.block(check, 3_000);
        const reply = await store.refund(check, receiptOf(taken));
        assert.deepEqual(plain(reply), plain(await store.peek(check)), algorithm);
        assert.equal(reply.allowed, false, `${algorithm}: a refund lifts no block`);
        await bench.advance(3_000);
        assert.equal((await store.peek(check)).remaining, 5, `${algorithm}: and was not lost`);
      }
    },
  },
];
