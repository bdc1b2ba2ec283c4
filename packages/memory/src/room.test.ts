// Shares of a port's room: what one may take, what it leaves to others, and whose records go first.
import type { StoredRecord } from "@tollbooth-stores/core";
import { isStoreError } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryPort } from "./memory-port.ts";
import { places } from "./places.ts";

/** A port whose keys begin with the letter of their share. In its records' bodies: whether they may be dropped. */
function openShares(maxEntries: number) {
  const clock = manualClock(1_000);
  const port = memoryPort({
    clock,
    maxEntries,
    isEvictable: ({ body }) => body === true,
    shareOf: (key) => key.slice(0, 1),
  });
  const record = (droppable: boolean, livesMs = 60_000): StoredRecord => ({
    endsAtMs: clock.now() + livesMs,
    body: droppable,
  });
  /** Whether the records of these keys found room. */
  const write = (names: readonly string[], droppable: boolean, livesMs?: number) =>
    port
      .transact(names, () => ({ writes: names.map(() => record(droppable, livesMs)), reply: true }))
      .catch((error: unknown) => {
        if (isStoreError(error, "STORE_CAPACITY")) return false;
        throw error;
      });
  const keys = async () => {
    const found: string[] = [];
    for await (const key of port.scan?.("") ?? []) found.push(key);
    return found.sort();
  };
  /** How many of `count` new records of a share found room. */
  const flood = async (share: string, count: number, droppable = false) => {
    let admitted = 0;
    for (let index = 0; index < count; index += 1) if (await write([`${share}${index}`], droppable)) admitted += 1;
    return admitted;
  };
  return { clock, port, write, keys, flood };
}

describe("shares of a memory port", () => {
  it("get three quarters of what they find, each", async () => {
    const { flood } = openShares(1_000);
    expect(await flood("a", 2_000)).toBe(750);
    expect(await flood("b", 2_000)).toBe(188);
    expect(await flood("c", 2_000)).toBe(47);
    expect(await flood("d", 2_000)).toBe(12);
  });

  it("take the only places of a small port", async () => {
    for (const maxEntries of [1, 2, 3]) expect(await openShares(maxEntries).flood("a", 10)).toBe(maxEntries);
  });

  it("that have enough drop their own least recently used record, and no other share's", async () => {
    const { flood, write, keys } = openShares(20);
    await write(["b1", "b2"], true);
    expect(await flood("a", 100, true)).toBe(100);
    expect(await keys()).toEqual(["b1", "b2", ...Array.from({ length: 14 }, (_, index) => `a${86 + index}`)].sort());
  });

  it("that have enough and nothing to drop are refused, while others still grow", async () => {
    const { flood, write, keys } = openShares(20);
    await flood("a", 100);
    expect(await write(["a100"], true)).toBe(false);
    expect(await write(["b1"], false)).toBe(true);
    expect(await write(["a0"], true)).toBe(true);
    expect(await write(["a100"], true)).toBe(true);
    expect(await keys()).not.toContain("a0");
  });

  it("grow again when what has ended is found", async () => {
    const { clock, flood, write } = openShares(20);
    for (let index = 0; index < 15; index += 1) await write([`a${index}`], false, 1_000);
    expect(await write(["a15"], false)).toBe(false);
    clock.advance(1_000);
    expect(await flood("a", 100)).toBe(15);
  });

  it("that have nothing to drop take the place of a larger one's record, once nothing is free", async () => {
    const { flood, write, keys } = openShares(4);
    await flood("a", 10);
    expect(await write(["b1"], true)).toBe(true);
    expect(await write(["c1"], false)).toBe(true);
    expect(await keys()).toEqual(["a0", "a1", "a2", "c1"]);
    expect(await write(["d1"], false)).toBe(false);
  });

  it("count a step's records together: all find room or none does", async () => {
    const { flood, write, keys } = openShares(8);
    expect(await flood("a", 10)).toBe(6);
    const before = await keys();
    expect(await write(["b1", "b2", "c1"], false)).toBe(false);
    expect(await keys()).toEqual(before);
    expect(await write(["b1", "c1"], false)).toBe(true);
  });

  it("are forgotten with their last record", () => {
    const held = places({ isEvictable: () => true, needsNoRoom: () => false });
    const record = { endsAtMs: 1, body: undefined };
    for (const key of ["a1", "a2", "b1"]) held.put(key, record, key.slice(0, 1));
    expect([held.largest()?.name, held.share("a")?.held, held.taken(), held.droppable()]).toEqual(["a", 2, 3, 3]);
    for (const place of held.all()) held.remove(place);
    expect([held.largest(), held.share("a"), held.taken(), held.droppable()]).toEqual([undefined, undefined, 0, 0]);
  });

  it("hold the bound, lose only what may be dropped, and a refused step changes nothing", async () => {
    const someKeys = fc.uniqueArray(
      fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(6)).map((parts) => parts.join("")),
      { minLength: 1, maxLength: 3 },
    );
    const steps = fc.array(
      fc.record({ names: someKeys, droppable: fc.boolean(), livesMs: fc.integer({ min: 1, max: 900 }) }),
      { minLength: 10, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 8 }), async (all, maxEntries) => {
        const { clock, port, write } = openShares(maxEntries);
        const held = async () => {
          const found = new Map<string, unknown>();
          for await (const key of port.scan?.("") ?? []) {
            found.set(key, await port.transact([key], ([record]) => ({ reply: record?.body })));
          }
          return found;
        };
        for (const { names, droppable, livesMs } of all) {
          clock.advance(60);
          const before = await held();
          const written = await write(names, droppable, livesMs);
          const after = await held();
          expect(after.size).toBeLessThanOrEqual(maxEntries);
          if (!written) {
            expect(after).toEqual(before);
            continue;
          }
          for (const name of names) expect(after.get(name)).toBe(droppable);
          for (const [key, mayGo] of before) if (!mayGo) expect(after.has(key)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
