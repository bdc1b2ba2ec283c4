// The order of use, beside a plain array, and that no record leaves by itself.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Droppable, type Used } from "./droppable.ts";

const newRecord = (key: number): Used => ({ key: `k${key}`, usedAt: 0, isNoted: false });

it("is that of an array in which a used record moves to the end, whenever it is read", () => {
  const move = fc.record({
    key: fc.nat(5),
    does: fc.constantFrom("use", "use", "leave", "return"),
    read: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 100 }), (moves) => {
      const records = new Droppable<Used>();
      const known = Array.from({ length: 6 }, (_, key) => newRecord(key));
      let expected: Used[] = [];
      for (const { key, does, read } of moves) {
        const record = known[key] ?? expect.unreachable();
        const isThere = expected.includes(record);
        expected = expected.filter((other) => other !== record);
        if (does === "use") {
          if (isThere) records.use(record);
          else records.add(record);
          expected.push(record);
        } else if (isThere) records.remove(record);
        // A new record of the same key, as after its end.
        if (does === "return") known[key] = newRecord(key);
        if (read) expect([...records.oldestFirst()]).toEqual(expected);
        expect(records.size).toBe(expected.length);
      }
      expect([...records.oldestFirst()]).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

it("drops nothing by itself, however many there are", () => {
  const records = new Droppable<Used>();
  for (let key = 0; key < 150_000; key += 1) records.add(newRecord(key));
  expect([...records.oldestFirst()].length).toBe(150_000);
});

it("forgets records that came, were used and left", async () => {
  const records = new Droppable<Used>();
  const left: WeakRef<Used>[] = [];
  for (let key = 0; key < 10_000; key += 1) {
    const record = newRecord(key);
    records.add(record);
    records.use(record);
    records.remove(record);
    left.push(new WeakRef(record));
  }
  // WeakRefs hold their targets until the turn ends.
  await new Promise((resolve) => setTimeout(resolve));
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  expect(left.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(500);
});
