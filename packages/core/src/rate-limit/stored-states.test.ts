// What each algorithm makes of a stored state: its own live one is read, one that is over is as none, anything else is
// corrupt and kept. And what a bounded memory is told of a record.
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import { type Limit, limitOf } from "./policy.ts";
import type { RateLimitPolicy } from "./rate-limit-store.ts";
import { isEvictable } from "./record.ts";
import { tokenBucket } from "./token-bucket.ts";
import { transitions } from "./transitions.ts";

const windowMs = 1_000;
const nowMs = 10_000_500;
const limitWith = (algorithm: RateLimitPolicy["algorithm"], cost = 1): Limit =>
  limitOf({ route: "", client: "", policy: { algorithm, limit: 5, windowMs }, cost }, undefined);
const holding = (state: unknown): StoredRecord => ({ endsAtMs: nowMs + 1, body: { state, pinned: false } });

const good = {
  "fixed-window": { count: 2, endMs: nowMs + 500 },
  "sliding-window": { index: 10_000, current: 2, previous: 0 },
  "token-bucket": { tatUs: (nowMs + 400) * 1000, aheadUs: 1_000_000 },
} as const;
const algorithms = ["fixed-window", "sliding-window", "token-bucket"] as const;

describe.each(algorithms)("a stored state of %s", (algorithm) => {
  it("is read", () => {
    expect(transitions[algorithm].peek(limitWith(algorithm), holding(good[algorithm]), nowMs).reply.remaining).toBe(3);
  });

  it("is corrupt where it is no object, or a number of it is missing or none", () => {
    const broken: unknown[] = [null, 7, "count index current previous tatUs endMs", [], {}];
    for (const name of Object.keys(good[algorithm])) {
      const without = Object.fromEntries(Object.entries(good[algorithm]).filter(([key]) => key !== name));
      broken.push(without);
      for (const value of [-1, 0.5, "1", null, 2 ** 53]) broken.push({ ...good[algorithm], [name]: value });
    }
    for (const state of broken) {
      expect(() => transitions[algorithm].peek(limitWith(algorithm), holding(state), nowMs)).toThrow(
        expect.objectContaining({
          code: "STORE_CORRUPT",
          message: expect.stringMatching(/^A stored rate-limit record cannot be read; it is kept as it is\. reset\(\)/),
        }),
      );
    }
  });

  it("may be dropped by a full memory while something remains, not when exhausted or blocked", () => {
    const after = (record: StoredRecord | null, cost: number) =>
      transitions[algorithm].consume(limitWith(algorithm, cost), record, nowMs).writes?.[0] ?? null;
    const some = after(null, 4);
    const none = after(some, 1);
    if (some === null || none === null) throw new Error("nothing written");
    expect([isEvictable(some), isEvictable(none)]).toEqual([true, false]);
    const blocked = transitions[algorithm].block(limitWith(algorithm), 5, null, nowMs).writes?.[0];
    expect(blocked && isEvictable(blocked)).toBe(false);
  });

  it("is not written again by a consumeAll that takes nothing", () => {
    const limits = [limitWith(algorithm, 0), limitWith(algorithm, 0)] as const;
    const together = transitions[algorithm].consumeTogether(limits, holding(good[algorithm]), nowMs);
    expect(together).toMatchObject({ fits: true, receipts: [undefined, undefined] });
    expect(together.write).toBe(undefined);
  });

  it("may be absent beside a block, and not without one", () => {
    const blocked = { endsAtMs: nowMs + 9, body: { blockedUntilMs: nowMs + 9, pinned: true } };
    expect(transitions[algorithm].peek(limitWith(algorithm), blocked, nowMs).reply.retryAfterMs).toBe(9);
    for (const body of [{ pinned: true }, { state: undefined, pinned: true }, { state: good[algorithm] }]) {
      expect(() => transitions[algorithm].peek(limitWith(algorithm), { endsAtMs: nowMs + 9, body }, nowMs)).toThrow(
        expect.objectContaining({ code: "STORE_CORRUPT" }),
      );
    }
  });
});

describe("a sliding window", () => {
  it("is corrupt where its counts times the window are no longer exact", () => {
    const largest = Math.floor(Number.MAX_SAFE_INTEGER / windowMs);
    const read = (current: number, previous: number) =>
      transitions["sliding-window"].peek(
        limitWith("sliding-window"),
        holding({ index: 10_000, current, previous }),
        nowMs,
      );
    expect(() => read(largest, largest)).not.toThrow();
    expect(() => read(largest + 1, 0)).toThrow(/cannot be read/);
    expect(() => read(0, largest + 1)).toThrow(/cannot be read/);
  });
});

describe("a token bucket", () => {
  it("that is full again is that of a client never seen", () => {
    const full = { tatUs: nowMs * 1000 - 1, aheadUs: 1_000_000 };
    const unseen = { tatUs: nowMs * 1000, aheadUs: 0 };
    expect(tokenBucket.read(full, limitWith("token-bucket"), nowMs)).toEqual(unseen);
  });
});
