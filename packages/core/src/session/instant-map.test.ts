// The persistent map: equal to a Map, cheap to change, and unreadable where it was damaged.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type InstantMap,
  instantMap,
  instantOf,
  instantsOf,
  laterThan,
  withInstant,
  withoutName,
} from "./instant-map.ts";

const hashed = (index: number) => createHash("sha256").update(String(index)).digest("base64url");
const filled = (count: number) => {
  let map: InstantMap | null = null;
  for (let index = 0; index < count; index += 1) map = withInstant(map, hashed(index), index);
  return map;
};

it("is a Map, whatever is added, changed, removed and pruned, and after a way through JSON", () => {
  const name = fc.nat(150).map(hashed);
  const change = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("set" as const), name, instantMs: fc.nat(100) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), name }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("prune" as const), nowMs: fc.nat(30) }) },
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300, size: "max" }), (changes) => {
      const model = new Map<string, number>();
      let map: InstantMap | null = null;
      for (const each of changes) {
        const before: [InstantMap | null, unknown] = [map, [...instantsOf(map)]];
        if (each.kind === "set") {
          model.set(each.name, each.instantMs);
          map = withInstant(map, each.name, each.instantMs);
        } else if (each.kind === "remove") {
          model.delete(each.name);
          map = withoutName(map, each.name);
        } else {
          for (const [known, instantMs] of model) if (instantMs <= each.nowMs) model.delete(known);
          map = laterThan(map, each.nowMs);
        }
        expect([...instantsOf(before[0])]).toEqual(before[1]);
      }
      expect(new Map(instantsOf(map))).toEqual(model);
      if (map === null) {
        expect(model.size).toBe(0);
        return;
      }
      const instants = [...model.values()];
      expect(map).toMatchObject({
        size: model.size,
        earliestMs: Math.min(...instants),
        latestMs: Math.max(...instants),
      });
      const read = instantMap(JSON.parse(JSON.stringify(map)));
      for (let index = 0; index <= 150; index += 1) {
        expect(instantOf(read, hashed(index))).toBe(model.get(hashed(index)));
      }
    }),
    { numRuns: 60 },
  );
});

it("holds names that are alike for long, and short ones", () => {
  const names = Array.from({ length: 100 }, (_, index) => `${"same".repeat(5)}${index}`).concat("", "a", "same");
  const map = names.reduce<InstantMap | null>((made, name, at) => withInstant(made, name, at), null);
  expect(new Map(instantsOf(map))).toEqual(new Map(names.map((name, at) => [name, at])));
});

it("copies as little of 20,000 entries as of 1,000", () => {
  const [small, large] = [filled(1_000), filled(20_000)];
  const timeOf = (map: InstantMap | null) => {
    const started = performance.now();
    for (let index = 0; index < 300; index += 1) withInstant(map, hashed(-1 - index), index);
    return performance.now() - started;
  };
  const rounds = Array.from({ length: 9 }, () => [timeOf(small), timeOf(large)] as const);
  const best = (times: readonly number[]) => Math.min(...times);
  // Twenty times as much would be twenty times as slow, if it were copied.
  expect(best(rounds.map(([, slow]) => slow)) / best(rounds.map(([fast]) => fast))).toBeLessThan(5);
});

it("says so where it was damaged, on the way to what is looked for", () => {
  const corrupt = expect.objectContaining({ code: "STORE_CORRUPT" });
  for (const stored of [null, 1, "x", [], {}, { size: 1, earliestMs: 1, latestMs: 1 }, { ...filled(3), nodes: [] }]) {
    expect(() => instantMap(stored)).toThrow(corrupt);
  }
  for (const entries of [["x"], [["x"]], [["x", -1]], [[1, 1]]]) {
    expect(() => instantOf({ size: 1, earliestMs: 1, latestMs: 1, entries }, "x")).toThrow(corrupt);
  }
  const damaged = { size: 100, earliestMs: 0, latestMs: 99, nodes: Array.from({ length: 64 }, () => "x") };
  expect(() => instantOf(damaged, "x")).toThrow(corrupt);
  expect(() => withInstant(damaged, "x", 1)).toThrow(corrupt);
});
