// The order of use, beside a plain array, and that no record leaves by itself.
import fc from "fast-check";
import { expect, it } from "vitest";
import { droppable } from "./droppable.ts";

const someRecords = Array.from({ length: 6 }, (_, index) => ({ key: `k${index}` }));

it("is that of an array in which a used record moves to the end", () => {
  const moves = fc.array(fc.record({ record: fc.constantFrom(...someRecords), leaves: fc.boolean() }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(moves, (all) => {
      const records = droppable<{ key: string }>();
      let expected: { key: string }[] = [];
      for (const { record, leaves } of all) {
        const isThere = expected.includes(record);
        expected = expected.filter((other) => other !== record);
        if (leaves) records.remove(record);
        else {
          if (isThere) records.use(record);
          else records.add(record);
          expected.push(record);
        }
        expect([...records.oldestFirst()]).toEqual(expected);
        expect(records.isEmpty()).toBe(expected.length === 0);
      }
    }),
  );
});

it("drops nothing by itself, however many there are", () => {
  const records = droppable<{ key: string }>();
  for (let index = 0; index < 150_000; index += 1) records.add({ key: `k${index}` });
  expect([...records.oldestFirst()].length).toBe(150_000);
});
