// Denials without a round trip: never later than the store's, never one that the store would not give.
import type { Limit } from "@tollbooth-stores/core/native";
import { describe, expect, it } from "vitest";
import { denyCache } from "./deny-cache.ts";

const NOW_MS = 1_700_000_000_000;
const limit: Limit = {
  ...{ algorithm: "fixed-window", limit: 5, capacity: 5, windowMs: 60_000, cost: 3, intervalUs: 0, toleranceUs: 0 },
};
const costing = (cost: number): Limit => ({ ...limit, cost });
/** A record with that many of 5 taken, until `endMs`. */
const taken = (count: number, endMs: number) => ({ endsAtMs: endMs, body: { state: { count, endMs }, pinned: true } });

function opened(maxMs: number) {
  let readMs = 100;
  const cache = denyCache(maxMs, { now: () => readMs });
  return {
    cache,
    advance(ms: number) {
      readMs += ms;
    },
    heard: (key: string, count: number, endMs = NOW_MS + 60_000) =>
      cache.denied(key, taken(count, endMs), NOW_MS, readMs, cache.changes()),
  };
}

describe("denyCache", () => {
  it("answers as the store would now: the waiting time has run on", () => {
    const { cache, heard, advance } = opened(1_000);
    heard("key", 3);
    advance(400);
    const source = "deny-cache";
    expect(cache.denial("key", limit)).toEqual({
      ...{ allowed: false, limit: 5, remaining: 2, retryAfterMs: 59_600, resetAfterMs: 59_600, source },
    });
  });

  it("asks for a cost that may fit, for a raised limit, and for another client", () => {
    const { cache, heard } = opened(1_000);
    heard("key", 3);
    expect(cache.denial("other key", limit)).toBeUndefined();
    expect(cache.denial("key", costing(4))?.allowed).toBe(false);
    expect(cache.denial("key", costing(2))).toBeUndefined();
    heard("key", 3);
    expect(cache.denial("key", { ...limit, limit: 6, capacity: 6 })).toBeUndefined();
  });

  it("asks from the first millisecond at which the client may be let in", () => {
    const { cache, heard, advance } = opened(1_000);
    heard("key", 5, NOW_MS + 300);
    advance(299);
    expect(cache.denial("key", limit)?.retryAfterMs).toBe(1);
    advance(1);
    expect(cache.denial("key", limit)).toBeUndefined();
  });

  it("asks after its time at the latest, at once where that is 0, and where the clock stepped back", () => {
    const late = opened(1_000);
    late.heard("key", 5);
    late.advance(1_000);
    expect(late.cache.denial("key", limit)).toBeUndefined();
    const off = opened(0);
    off.heard("key", 5);
    expect(off.cache.denial("key", limit)).toBeUndefined();
    const back = opened(1_000);
    back.heard("key", 5);
    back.advance(-1);
    expect(back.cache.denial("key", limit)).toBeUndefined();
  });

  it("does not remember what was asked before this process changed a record, however late its answer comes", () => {
    const { cache } = opened(1_000);
    const before = cache.changes();
    cache.forget("key");
    cache.denied("key", taken(5, NOW_MS + 60_000), NOW_MS, 100, before);
    expect(cache.denial("key", limit)).toBeUndefined();
  });

  it("forgets a client that this process changed, and the first ones beyond 10,000", () => {
    const { cache, heard } = opened(60_000);
    heard("key", 5);
    cache.forget("key");
    expect(cache.denial("key", limit)).toBeUndefined();
    for (let index = 0; index <= 10_000; index += 1) heard(`key ${index}`, 5);
    expect(cache.denial("key 0", limit)).toBeUndefined();
    expect(cache.denial("key 1", limit)?.allowed).toBe(false);
    expect(cache.denial("key 10000", limit)?.allowed).toBe(false);
  });
});
