// consumeAll: all or nothing, in any order, duplicates counted.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { manualClock, mapPort } from "../testing.ts";
import { createRateLimitStore } from "./create-rate-limit-store.ts";
import type { RateLimitCheck, RateLimitPolicy } from "./rate-limit-store.ts";
import { startMs } from "./testing/arbitraries.ts";

const checks = (sameLimit: boolean) =>
  fc.array(
    fc
      .record({
        client: fc.constantFrom("a", "b"),
        algorithm: fc.constantFrom<RateLimitPolicy["algorithm"][]>("fixed-window", "sliding-window", "token-bucket"),
        limit: sameLimit ? fc.constant(6) : fc.integer({ min: 0, max: 6 }),
        cost: fc.integer({ min: 0, max: 4 }),
      })
      .map(
        ({ client, algorithm, limit, cost }): RateLimitCheck => ({
          route: "r",
          client,
          policy: { algorithm, limit, windowMs: 1_000 },
          cost,
        }),
      ),
    { maxLength: 6 },
  );

/** A store on which `before` was consumed. */
async function storeAfter(before: readonly RateLimitCheck[]) {
  const clock = manualClock(startMs + 300);
  const port = mapPort(clock);
  const store = createRateLimitStore(port);
  for (const check of before) await store.consume(check);
  clock.advance(50);
  return { store, port };
}

const snapshot = (port: ReturnType<typeof mapPort>) => structuredClone(new Map([...port.records].sort()));

describe("consumeAll", () => {
  it("is allowed exactly when the same checks in sequence all are, and leaves the same records", async () => {
    await fc.assert(
      fc.asyncProperty(checks(true), checks(true), async (before, asked) => {
        const [together, oneByOne] = await Promise.all([storeAfter(before), storeAfter(before)]);
        const untouched = snapshot(together.port);
        const { allowed, decisions } = await together.store.consumeAll(asked);
        const singles = [];
        for (const check of asked) singles.push(await oneByOne.store.consume(check));
        expect(allowed).toBe(singles.every((single) => single.allowed));
        expect(snapshot(together.port)).toEqual(allowed ? snapshot(oneByOne.port) : untouched);
        if (allowed) expect(decisions.map(({ receipt }) => receipt)).toEqual(singles.map(({ receipt }) => receipt));
        else expect(decisions.some((decision) => "receipt" in decision)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("shows for each check what it alone would have got", async () => {
    await fc.assert(
      fc.asyncProperty(checks(false), checks(false), async (before, asked) => {
        const { store } = await storeAfter(before);
        const { decisions } = await store.consumeAll(asked);
        for (const [index, check] of asked.entries()) {
          const alone = await storeAfter(before);
          const { receipt: _, ...expected } = await alone.store.consume(check);
          const { receipt: __, ...shown } = decisions[index] ?? {};
          expect(shown).toEqual(expected);
        }
        expect(decisions).toHaveLength(asked.length);
      }),
    );
  });

  it("does not depend on the order, also where one record is asked for under several limits", async () => {
    const shuffled = checks(false).chain((asked) =>
      fc.tuple(fc.constant(asked), fc.shuffledSubarray(asked, { minLength: asked.length })),
    );
    await fc.assert(
      fc.asyncProperty(checks(false), shuffled, async (before, [asked, reordered]) => {
        const [one, other] = await Promise.all([storeAfter(before), storeAfter(before)]);
        const first = await one.store.consumeAll(asked);
        const second = await other.store.consumeAll(reordered);
        expect(second.allowed).toBe(first.allowed);
        expect(snapshot(other.port)).toEqual(snapshot(one.port));
      }),
      { numRuns: 300 },
    );
  });

  it("counts a duplicate twice although each alone would fit", async () => {
    const { store, port } = await storeAfter([]);
    const check: RateLimitCheck = {
      route: "r",
      client: "c",
      policy: { algorithm: "token-bucket", limit: 3, windowMs: 1_000 },
      cost: 2,
    };
    const { allowed, decisions } = await store.consumeAll([check, check]);
    expect(allowed).toBe(false);
    expect(decisions).toMatchObject([
      { allowed: true, remaining: 1 },
      { allowed: true, remaining: 1 },
    ]);
    expect(port.records.size).toBe(0);
  });

  it("keeps in memory what exhausts the strictest of several limits", async () => {
    for (const limits of [
      [10, 3],
      [3, 10],
    ]) {
      const { store, port } = await storeAfter([]);
      const ask = limits.map((limit, index) => ({
        route: "r",
        client: "c",
        policy: { algorithm: "fixed-window" as const, limit, windowMs: 1_000 },
        cost: 1 + index,
      }));
      expect((await store.consumeAll(ask)).allowed).toBe(true);
      expect([...port.records.values()]).toMatchObject([{ body: { pinned: true } }]);
    }
  });

  it("remembers with the longest of several bursts", async () => {
    const bucket = (burst: number, cost: number): RateLimitCheck => ({
      route: "r",
      client: "c",
      policy: { algorithm: "token-bucket", limit: 10, windowMs: 1_000, burst },
      cost,
    });
    for (const asked of [
      [bucket(10, 1), bucket(200, 1)],
      [bucket(200, 1), bucket(10, 1)],
    ]) {
      const { store } = await storeAfter([bucket(200, 100)]);
      expect((await store.consumeAll(asked)).allowed).toBe(false);
      expect((await store.peek(bucket(200, 1))).remaining).toBe(100);
    }
  });

  it("is denied by a block on one of the clients, and charges none", async () => {
    const { store, port } = await storeAfter([]);
    const policy = { algorithm: "fixed-window", limit: 3, windowMs: 1_000 } as const;
    await store.block({ route: "r", client: "b", policy }, 500);
    const { allowed, decisions } = await store.consumeAll([
      { route: "r", client: "a", policy },
      { route: "r", client: "b", policy },
    ]);
    expect(allowed).toBe(false);
    expect(decisions).toMatchObject([{ allowed: true }, { allowed: false, retryAfterMs: 500 }]);
    expect(port.records.size).toBe(1);
  });

  it("leaves the widest burst of its checks as the one that the record was allowed, in either order", async () => {
    const check = (burst: number, cost: number): RateLimitCheck => ({
      route: "r",
      client: "a",
      policy: { algorithm: "token-bucket", limit: 10, windowMs: 1_000, burst },
      cost,
    });
    for (const asked of [
      [check(5, 1), check(50, 1)],
      [check(50, 1), check(5, 1)],
      [check(50, 0), check(5, 2)],
    ]) {
      const { store, port } = await storeAfter([]);
      await store.consumeAll(asked);
      expect([...port.records.values()]).toMatchObject([
        { body: { state: { tatUs: (startMs + 350 + 200) * 1_000, aheadUs: 5_000_000 } } },
      ]);
    }
  });

  it("denied after the clock stepped back, writes what it clamped and nothing else", async () => {
    const clock = manualClock(startMs + 300);
    const port = mapPort(clock);
    const store = createRateLimitStore(port);
    const check = (client: string, cost = 1): RateLimitCheck => ({
      route: "r",
      client,
      policy: { algorithm: "sliding-window", limit: 5, windowMs: 1_000 },
      cost,
    });
    for (const client of ["full", "some", "looked at"]) await store.consume(check(client, client === "full" ? 5 : 2));
    clock.advance(-10_000);
    await store.consume(check("now", 2));
    const before = snapshot(port);
    const asked = [check("full"), check("some"), check("looked at", 0), check("now"), check("never seen")];
    expect((await store.consumeAll(asked.map((each) => ({ ...each, cost: 0 })))).allowed).toBe(true);
    expect(snapshot(port)).toEqual(before);
    expect((await store.consumeAll(asked)).allowed).toBe(false);
    const after = snapshot(port);
    const written = [...after].filter(([key, record]) => JSON.stringify(record) !== JSON.stringify(before.get(key)));
    expect(after.size).toBe(before.size);
    expect(written.map(([, { body }]) => body)).toMatchObject(
      expect.arrayContaining([
        { pinned: true, state: { index: startMs / 1_000 - 10, current: 5, previous: 0 } },
        { pinned: false, state: { index: startMs / 1_000 - 10, current: 2, previous: 0 } },
      ]),
    );
    expect(written).toHaveLength(2);
  });

  it("refuses more than 1,000 checks, and anything but a list, before it asks the backend", async () => {
    let asked = 0;
    const map = mapPort();
    const transact: typeof map.transact = (keys, step, options) => {
      asked += 1;
      return map.transact(keys, step, options);
    };
    const store = createRateLimitStore({ ...map, transact });
    const check: RateLimitCheck = {
      route: "r",
      client: "a",
      policy: { algorithm: "fixed-window", limit: 5, windowMs: 1_000 },
    };
    const checksOf = (count: number) => Array.from({ length: count }, () => check);
    const refusal = { code: "STORE_INVALID_ARGUMENT", outcome: "not-applied" };
    await expect(store.consumeAll(checksOf(1_001))).rejects.toMatchObject(refusal);
    await expect(store.consumeAll(JSON.parse('{"length":1}'))).rejects.toMatchObject(refusal);
    expect(asked).toBe(0);
    expect((await store.consumeAll(checksOf(1_000))).decisions).toHaveLength(1_000);
  });

  it("is never charged in part by a race: of overlapping pairs exactly those that fit are charged in full", async () => {
    const { store } = await storeAfter([]);
    const policy = { algorithm: "fixed-window", limit: 5, windowMs: 1_000 } as const;
    const pair = (one: string, other: string) => [one, other].map((client) => ({ route: "r", client, policy }));
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, i) => store.consumeAll(i % 2 === 0 ? pair("a", "b") : pair("b", "c"))),
    );
    const charged = outcomes.filter(({ allowed }) => allowed).length;
    expect(charged).toBe(5);
    const left = await Promise.all(["a", "b", "c"].map((client) => store.peek({ route: "r", client, policy })));
    expect(left[1]?.remaining).toBe(0);
    expect((left[0]?.remaining ?? 0) + (left[2]?.remaining ?? 0)).toBe(5);
  });
});
