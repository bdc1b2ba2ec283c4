// Rate limits 15-18: which client is which, the deny cache, and a store that is full.
import assert from "node:assert/strict";
import { isStoreError, type RateLimitCheck, type RateLimitStore } from "@tollbooth-stores/core";
import { answerOf, failureOf, rejectsWith } from "../assertions.ts";
import { algorithms, checkOf, costing, minute, type RateLimitProperty, receiptOf } from "./checks.ts";

const oddNames: readonly string[] = [
  "",
  "*",
  "?",
  "[a]",
  "{}",
  "{a}b",
  "{a}",
  "a",
  "b",
  ":",
  "a:b",
  "a:",
  ":a",
  "%3A",
  "%",
  " ",
  "\n",
  "\0",
  "..",
  "/",
  "A",
  "é",
  "e\u0301",
  "客",
  "😀",
  "\ud83d",
  "\ude00",
  "__proto__",
  "constructor",
  "x".repeat(10_000),
  `${"x".repeat(9_999)}y`,
];

/** A client that is blocked, exhausted or in debt, and how it got there. */
const held: readonly { client: string; make(store: RateLimitStore): Promise<unknown> }[] = [
  { client: "blocked", make: (store) => store.block(checkOf("fixed-window", 2, { client: "blocked" }), minute) },
  { client: "exhausted", make: (store) => store.consume(checkOf("fixed-window", 2, { client: "exhausted", cost: 2 })) },
  { client: "in debt", make: (store) => store.charge(checkOf("fixed-window", 2, { client: "in debt", cost: 3 })) },
];

/** How many of the calls were answered; the others were refused for want of room. */
async function admittedOf(calls: number, call: (index: number) => Promise<unknown>): Promise<number> {
  let admitted = 0;
  for (let index = 0; index < calls; index += 1) {
    try {
      await call(index);
      admitted += 1;
    } catch (error) {
      if (!isStoreError(error, "STORE_CAPACITY")) throw error;
    }
  }
  return admitted;
}

export const identityProperties: readonly RateLimitProperty[] = [
  {
    id: "rate-limits/15",
    title: "odd clients and routes are isolated from one another, and reset touches one",
    async run(bench) {
      const store = await bench.open();
      const ofClient = (client: string) => checkOf("fixed-window", 3, { client });
      const ofRoute = (route: string) => checkOf("fixed-window", 3, { route, client: "b" });
      for (const make of [ofClient, ofRoute]) {
        for (const [index, name] of oddNames.entries()) {
          assert.equal(
            (await store.consume(make(name))).remaining,
            2,
            `${make === ofClient ? "client" : "route"} ${index} met another`,
          );
        }
        for (const [index, name] of oddNames.entries()) {
          assert.equal(await store.reset(make(name)), true, `name ${index} was reset with another`);
          assert.equal((await store.peek(make(name))).remaining, 3, `name ${index} was not reset`);
        }
      }
      const split = (route: string, client: string) => checkOf("fixed-window", 3, { route, client });
      for (const check of [split("a", "b:c"), split("a:b", "c"), split("a:{b}", "c"), split("a", "{b}:c")]) {
        assert.equal((await store.consume(check)).remaining, 2, "route and client run into each other");
      }
    },
  },
  {
    id: "rate-limits/16",
    title: "the same client under other routes, algorithms or windows is another; under another limit it is not",
    async run(bench) {
      const store = await bench.open();
      const checks = ["GET /a", "GET /b"].flatMap((route) =>
        algorithms.flatMap((algorithm) =>
          [minute, 2 * minute, 10].map((windowMs) => checkOf(algorithm, 5, { route, windowMs })),
        ),
      );
      for (const check of checks)
        assert.equal((await store.consume(costing(check, 2))).remaining, 3, "two of them collide");
      const [first] = checks;
      assert.ok(first !== undefined);
      assert.equal(
        (await store.peek({ ...first, policy: { ...first.policy, limit: 4 } })).remaining,
        2,
        "limit is no part of who",
      );
      assert.equal(await store.reset(first), true);
      for (const check of checks.slice(1)) {
        assert.ok((await store.peek(check)).resetAfterMs > 0, "reset reached further than its own record");
      }
    },
  },
  {
    id: "rate-limits/16b",
    title: "a policy without a window has the store's defaultWindowMs, and is refused where there is none",
    async run(bench) {
      const store = await bench.open();
      const { defaultWindowMs } = store;
      for (const algorithm of algorithms) {
        const check: RateLimitCheck = { route: "GET /data", client: "alice", policy: { algorithm, limit: 5 } };
        if (defaultWindowMs === undefined) {
          await rejectsWith("STORE_INVALID_ARGUMENT", `${algorithm} without a window`, () => store.consume(check));
          continue;
        }
        await answerOf(`${algorithm} without a window`, () => store.consume(check));
        const named = await store.peek(checkOf(algorithm, 5, { windowMs: defaultWindowMs }));
        assert.equal(named.remaining, 4, `${algorithm}: not the window that defaultWindowMs names`);
      }
    },
  },
  {
    id: "rate-limits/17a",
    title: "after a denial a cheaper call still asks, and a local reset or refund is seen at once",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5);
        const taken = await store.consume(costing(check, 3));
        for (let times = 0; times < 3; times += 1)
          assert.equal((await store.consume(costing(check, 4))).allowed, false, algorithm);
        assert.equal((await store.consume(costing(check, 2))).allowed, true, `${algorithm}: a cheaper call`);
        assert.equal((await store.consume(check)).allowed, false, `${algorithm}: used up`);
        await store.refund(check, receiptOf(taken));
        assert.equal((await store.consume(costing(check, 3))).allowed, true, `${algorithm}: after a refund`);
        assert.equal((await store.consume(check)).allowed, false, `${algorithm}: used up again`);
        await store.reset(check);
        assert.equal((await store.consume(check)).allowed, true, `${algorithm}: after a reset`);
        await store.block(check, minute);
        assert.equal((await store.consume(check)).allowed, false, `${algorithm}: blocked`);
        await store.reset(check);
        assert.equal((await store.consume(check)).allowed, true, `${algorithm}: after a block was lifted`);
        const { policy } = check;
        assert.equal((await store.consume(costing(check, 5))).allowed, false, `${algorithm}: not at this limit`);
        const raised = { ...check, policy: { ...policy, limit: 50 }, cost: 5 };
        assert.equal((await store.consume(raised)).allowed, true, `${algorithm}: at a raised limit`);
        const other = checkOf(algorithm, 5, { client: "other" });
        assert.equal((await store.consume(costing(other, 6))).remaining, 5, algorithm);
        await store.consumeAll([costing(other, 2)]);
        assert.equal((await store.consume(costing(other, 6))).remaining, 3, `${algorithm}: after consumeAll`);
        await store.charge(costing(other, 2));
        assert.equal((await store.consume(costing(other, 6))).remaining, 1, `${algorithm}: after a charge`);
      }
    },
  },
  {
    id: "rate-limits/17b",
    title: "the deny cache ends by itself, so that a reset elsewhere shows, and holds no more than it may",
    needs: ["instances", "denyCache"],
    async run(bench) {
      const namespace = bench.namespace();
      const [here, elsewhere] = [await bench.open(namespace), await bench.open(namespace)];
      const { maxMs, maxEntries, size } = bench.probe("denyCache");
      const check = checkOf("fixed-window", 1);
      await here.consume(check);
      assert.equal((await here.consume(check)).allowed, false);
      const askedAtMs = performance.now();
      assert.equal((await here.consume(check)).source, "deny-cache", "a second denial needs no question");
      await elsewhere.reset(check);
      // Real time: the cache runs on the process's monotonic clock. Half a second more for a busy machine's timers.
      let allowed = false;
      while (!allowed && performance.now() - askedAtMs < maxMs + 500) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        allowed = (await here.peek(check)).allowed && (await here.consume(check)).allowed;
      }
      assert.ok(allowed, `a reset elsewhere did not show within ${maxMs} ms`);
      if (size === undefined) return;
      for (let index = 0; index < maxEntries * 2; index += 1) {
        const other = checkOf("fixed-window", 1, { client: `client ${index}`, cost: 1 });
        await here.block(other, minute);
        await here.consume(other);
      }
      assert.ok(size(here) <= maxEntries, `${size(here)} of ${maxEntries} entries`);
    },
  },
  {
    id: "rate-limits/18a",
    title: "a full store keeps its bound and frees no client that is blocked, exhausted or in debt",
    needs: ["bounded"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.keep(bench.probe("bounded")(namespace, 20));
      for (const { make } of held) await make(store);
      for (let index = 0; index < 200; index += 1) {
        // Half of the flood uses all it has, so that in the end nothing may be dropped.
        const check = checkOf("fixed-window", 2, { client: `flood ${index}`, cost: 1 + (index % 2) });
        await store.consume(check).catch((error: unknown) => {
          if (!isStoreError(error, "STORE_CAPACITY")) throw error;
        });
      }
      for (const { client } of held) {
        assert.equal(
          (await store.consume(checkOf("fixed-window", 2, { client }))).allowed,
          false,
          `the ${client} client was freed`,
        );
      }
      let known = 0;
      for (let index = 0; index < 200; index += 1) {
        if ((await store.peek(checkOf("fixed-window", 2, { client: `flood ${index}` }))).resetAfterMs > 0) known += 1;
      }
      assert.ok(known + held.length <= 20, `${known + held.length} records in a store of 20`);
    },
  },
  {
    id: "rate-limits/18b",
    title: "a full store refuses cheaply, without a timer a call",
    needs: ["bounded"],
    async run(bench) {
      const store = await bench.keep(bench.probe("bounded")(bench.namespace(), 5_000));
      const exhausted = (index: number) => checkOf("fixed-window", 1, { client: `client ${index}` });
      const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
      const timersBefore = timers();
      const admitted = await admittedOf(5_001, (index) => store.consume(exhausted(index)));
      // One rule may have to leave room for others.
      assert.ok(admitted > 2_500 && admitted <= 5_000, `${admitted} clients in a store of 5,000`);
      const times: number[] = [];
      for (let index = 6_000; index < 6_500; index += 1) {
        const startMs = performance.now();
        const error = await failureOf("a new client of a full store", () => store.consume(exhausted(index)));
        times.push(performance.now() - startMs);
        assert.ok(isStoreError(error, "STORE_CAPACITY"));
      }
      const medianMs = times.sort((a, b) => a - b)[250] ?? 0;
      // Microseconds where it is right; a scan of the 5,000 records at each refusal takes longer even on a fast machine.
      assert.ok(medianMs < 0.25, `a refused call took ${medianMs} ms`);
      assert.ok(timers() <= timersBefore + 1, `${timers() - timersBefore} timers after 5,500 calls`);
    },
  },
  {
    id: "rate-limits/18c",
    title: "a flood through one rule leaves room for the new clients of others, and a flood through two as well",
    needs: ["bounded"],
    async run(bench) {
      const store = await bench.keep(bench.probe("bounded")(bench.namespace(), 100));
      const rules: readonly [name: string, room: number, rule: RateLimitCheck][] = [
        ["the first", 50, checkOf("fixed-window", 1)],
        ["another route", 10, checkOf("fixed-window", 1, { route: "GET /other" })],
        ["another algorithm", 2, checkOf("token-bucket", 1)],
        ["another window", 1, checkOf("fixed-window", 1, { windowMs: 2 * minute })],
      ];
      for (const [name, room, rule] of rules) {
        // Each of them uses all that it has, so that no record of the flood may be dropped.
        const admitted = await admittedOf(500, (index) => store.consume({ ...rule, client: `client ${index}` }));
        assert.ok(admitted >= room, `${name}: ${admitted} clients, after floods through the rules before`);
      }
    },
  },
];
