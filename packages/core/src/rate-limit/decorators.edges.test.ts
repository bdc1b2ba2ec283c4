// failOpen and withFallback at their edges: whole capacities, receipts, capabilities, closing.
import { describe, expect, it } from "vitest";
import type { AtomicPort } from "../atomic-port.ts";
import { StoreError } from "../errors.ts";
import { mapPort } from "../testing.ts";
import { createRateLimitStore } from "./create-rate-limit-store.ts";
import { failOpen } from "./fail-open.ts";
import type { RateLimitCheck, RateLimitStore } from "./rate-limit-store.ts";
import { withFallback } from "./with-fallback.ts";

const check: RateLimitCheck = {
  ...{ route: "r", client: "c", cost: 5 },
  policy: { algorithm: "fixed-window", limit: 5, windowMs: 60_000 },
};
const away: AtomicPort["transact"] = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "down"));
const lost = () => createRateLimitStore({ ...mapPort(), transact: away });
const able = (atomic: boolean, durable: boolean) =>
  createRateLimitStore({ ...mapPort(), capabilities: { shared: true, atomic, durable } });

describe("failOpen", () => {
  const open = failOpen(lost());

  it("admits a cost of the whole capacity, and nothing above it", async () => {
    expect(await open.consume(check)).toMatchObject({ allowed: true, remaining: 0 });
    expect(await open.consume({ ...check, cost: 6 })).toMatchObject({
      allowed: false,
      remaining: 5,
      retryAfterMs: null,
    });
  });

  it("knows a burst only from a token bucket", async () => {
    const policy = { algorithm: "token-bucket", limit: 5, windowMs: 60_000, burst: 9 } as const;
    expect(await open.peek({ ...check, policy, cost: 9 })).toMatchObject({ allowed: true, remaining: 9, limit: 5 });
    const untyped: RateLimitCheck = JSON.parse(
      '{"route":"r","client":"c","policy":{"algorithm":"fixed-window","limit":5,"windowMs":1,"burst":9}}',
    );
    expect(await open.peek({ ...untyped, cost: 6 })).toMatchObject({ allowed: false, remaining: 5 });
  });

  it("takes nothing for a refund", async () => {
    expect(await open.refund(check, "fw:5:1")).toMatchObject({ allowed: true, remaining: 5, source: "fallback" });
  });

  it("needs no observer", async () => {
    expect(await failOpen(lost(), { onFallback: undefined }).peek(check)).toMatchObject({ source: "fallback" });
  });
});

describe("withFallback", () => {
  it("is atomic and durable only where both stores are", () => {
    const capabilities = (one: RateLimitStore, other: RateLimitStore) => withFallback(one, other).capabilities;
    expect(capabilities(able(true, true), able(true, true))).toEqual({ shared: false, atomic: true, durable: true });
    expect(capabilities(able(true, false), able(false, true))).toEqual({
      ...{ shared: false, atomic: false, durable: false },
    });
    expect(capabilities(able(false, true), able(true, false))).toEqual({
      ...{ shared: false, atomic: false, durable: false },
    });
  });

  it("hands on the store's own receipts unchanged", async () => {
    const decision = await withFallback(able(true, true), able(true, true)).consume(check);
    expect(decision.receipt).toMatch(/^fw:5:\d+$/);
  });

  it("refunds through two decorators what either of the inner stores took", async () => {
    const inner = createRateLimitStore(mapPort());
    const nested = withFallback(withFallback(lost(), inner), able(true, true));
    const { receipt = "" } = await nested.consume(check);
    expect(await nested.peek(check)).toMatchObject({ allowed: false });
    expect(await nested.refund(check, receipt)).toMatchObject({ allowed: true, remaining: 5 });
    expect(await inner.peek(check)).toMatchObject({ remaining: 5 });
  });

  it("says of a reset that there was a record where only one of the two had it", async () => {
    for (const which of [0, 1]) {
      const stores = [able(true, true), able(true, true)] as const;
      await stores[which === 0 ? 0 : 1].consume(check);
      expect(await withFallback(...stores).reset(check)).toBe(true);
      expect(await withFallback(...stores).reset(check)).toBe(false);
    }
  });
});

describe("disposing", () => {
  it("closes what close() closes", async () => {
    const store = able(true, true);
    await failOpen(store)[Symbol.asyncDispose]();
    await expect(store.peek(check)).rejects.toMatchObject({ code: "STORE_CLOSED" });
    const plain = able(true, true);
    await plain[Symbol.asyncDispose]();
    await expect(plain.peek(check)).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});
