// Whether the stores are away, by gateway.
import { expect, test } from "vitest";
import { storeReach } from "./store-reach.ts";

const said = (pid: number, reached: Record<string, boolean>) => ({
  pid,
  operations: { latencies: [], errors: {}, reached },
});

test("stores are away from the first operation that finds them so until the next success of the same gateway", () => {
  const reach = storeReach();
  reach.heard(said(1, { redis: true }));
  expect(reach.away(1)).toBe(false);
  reach.heard(said(1, { redis: false }));
  reach.heard(said(1, {}));
  reach.heard(said(2, { redis: true }));
  expect([reach.away(1), reach.away(2)]).toEqual([true, false]);
  reach.heard(said(1, { redis: true }));
  expect(reach.away(1)).toBe(false);
});

test("one provider that answers does not speak for another", () => {
  const reach = storeReach();
  reach.heard(said(1, { redis: false }));
  reach.heard(said(1, { memory: true }));
  expect(reach.away(1)).toBe(true);
});

test("of a process that has told nothing, or is not there, nothing is said", () => {
  const reach = storeReach();
  reach.heard(said(1, { redis: false }));
  expect([reach.away(2), reach.away(undefined)]).toEqual([false, false]);
});
