// Random sequences against a plain model: the bound holds always, and nothing that must stay is ever lost.
import type { StoredRecord } from "@tollbooth-stores/core";
import { isStoreError } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryPort } from "./memory-port.ts";

const maxEntries = 5;
const startMs = 10_000;

const aWrite = fc.oneof(
  { weight: 1, arbitrary: fc.constant("keep" as const) },
  { weight: 1, arbitrary: fc.constant("delete" as const) },
  { weight: 4, arbitrary: fc.record({ livesMs: fc.integer({ min: -5, max: 2_000 }), droppable: fc.boolean() }) },
);
const aStep = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 9 }).map(String), aWrite), {
  minLength: 1,
  maxLength: 4,
  selector: ([key]) => key,
});
const someSteps = fc.array(fc.record({ advanceMs: fc.integer({ min: -150, max: 150 }), writes: aStep }), {
  minLength: 20,
  maxLength: 60,
});

it("holds at most maxEntries, loses only what may be dropped, and a refused step changes nothing", async () => {
  const seen = { refused: 0, dropped: 0 };
  await fc.assert(
    fc.asyncProperty(someSteps, async (steps) => {
      const clock = manualClock(startMs);
      const droppable = new WeakSet<StoredRecord>();
      const port = memoryPort({ clock, maxEntries, isEvictable: (found) => droppable.has(found) });
      // What was written and not deleted; ended records go once they are looked at, as the port may remove them.
      let model = new Map<string, StoredRecord>();
      const look = async () => {
        const found = new Map<string, StoredRecord>();
        for (let key = 0; key < 10; key += 1) {
          const record = await port.transact([String(key)], ([held = null]) => ({ reply: held }));
          if (record !== null) found.set(String(key), record);
        }
        return found;
      };
      // Steps on one record go through `decide`, by names that are kept throughout.
      const names = Array.from({ length: 10 }, (_, key) => ({ key: String(key), place: undefined }));
      const decide = async (key: string, write: StoredRecord | null | undefined) =>
        port.decide?.(names[Number(key)] ?? expect.unreachable(), () => ({ writes: [write], reply: false }), undefined);
      for (const { advanceMs, writes } of steps) {
        clock.advance(advanceMs);
        for (const [key, record] of model) if (record.endsAtMs <= clock.now()) model.delete(key);
        const before = await look();
        expect(new Map([...before].sort())).toEqual(new Map([...model].sort()));
        const wanted = writes.map(([, write]) => {
          if (write === "keep") return undefined;
          if (write === "delete") return null;
          const record = Object.freeze({ endsAtMs: clock.now() + write.livesMs, body: Object.freeze({}) });
          if (write.droppable) droppable.add(record);
          return record;
        });
        const keys = writes.map(([key]) => key);
        const expected = new Map(before);
        keys.forEach((key, index) => {
          const write = wanted[index];
          if (write === null || (write !== undefined && write.endsAtMs <= clock.now())) expected.delete(key);
          else if (write !== undefined) expected.set(key, write);
        });
        const mustStay = [...expected].filter(([key, record]) => keys.includes(key) || !droppable.has(record));
        const [only, ...others] = keys;
        const isAlone = only !== undefined && others.length === 0;
        const work = isAlone ? decide(only, wanted[0]) : port.transact(keys, () => ({ writes: wanted, reply: false }));
        const refused = await work.catch((error: unknown) => isStoreError(error, "STORE_CAPACITY"));
        const after = await look();
        expect(after.size).toBeLessThanOrEqual(maxEntries);
        if (refused) {
          expect(mustStay.length).toBeGreaterThan(maxEntries);
          expect(after).toEqual(before);
          seen.refused += 1;
        } else {
          // All that had to stay did; what is gone was needed, no more: the port is full.
          for (const [key, record] of mustStay) expect(after.get(key)).toBe(record);
          if (after.size < expected.size) {
            expect(after.size).toBe(maxEntries);
            seen.dropped += 1;
          }
        }
        model = after;
      }
    }),
    { numRuns: 200 },
  );
  expect(seen.refused).toBeGreaterThan(0);
  expect(seen.dropped).toBeGreaterThan(0);
});
