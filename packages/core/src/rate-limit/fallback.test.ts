// failOpen and withFallback: what they answer in an outage, and what they leave alone.
import { beforeEach, describe, expect, it } from "vitest";
import type { AtomicPort } from "../atomic-port.ts";
import { StoreError, type StoreErrorCode } from "../errors.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createRateLimitStore } from "./create-rate-limit-store.ts";
import { failOpen } from "./fail-open.ts";
import type { RateLimitCheck, RateLimitStore } from "./rate-limit-store.ts";
import { withFallback } from "./with-fallback.ts";

const check: RateLimitCheck = {
  route: "r",
  client: "c",
  policy: { algorithm: "fixed-window", limit: 5, windowMs: 60_000 },
  cost: 2,
};

let clock: ManualClock;
let port: MapPort;
let failure: unknown;
let store: RateLimitStore;
let closed: string[];

/** A store on `inner` that fails with `failure` as long as there is one. */
function breakable(inner: MapPort): RateLimitStore {
  const failing: AtomicPort = {
    ...inner,
    capabilities: { shared: true, atomic: true, durable: true },
    transact: (...call) => (failure === undefined ? inner.transact(...call) : Promise.reject(failure)),
    close: async () => void closed.push("store"),
  };
  return createRateLimitStore(failing);
}

beforeEach(() => {
  clock = manualClock();
  port = mapPort(clock);
  failure = undefined;
  closed = [];
  store = breakable(port);
});

const down = () => {
  failure = new StoreError("STORE_UNAVAILABLE", "No answer within commandTimeoutMs.", { outcome: "unknown" });
};

/** What must never be taken for an outage. */
const others: readonly StoreErrorCode[] = [
  "STORE_CORRUPT",
  "STORE_VALUE_TOO_LARGE",
  "STORE_INVALID_ARGUMENT",
  "STORE_CLOSED",
  "STORE_CONFIG",
];

/** What holds for both decorators. */
describe.each(["failOpen", "withFallback"] as const)("%s", (name) => {
  const decorate = (onFallback?: (error: StoreError) => void) =>
    name === "failOpen"
      ? failOpen(store, { onFallback })
      : withFallback(store, createRateLimitStore(mapPort(clock)), { onFallback });

  it("leaves the store's answers as they are", async () => {
    const decorated = decorate();
    const taken = await decorated.consume(check);
    expect(taken).toMatchObject({ allowed: true, remaining: 3, source: "store" });
    expect((await decorated.charge(check)).source).toBe("store");
    expect((await decorated.refund(check, taken.receipt ?? "")).remaining).toBe(3);
    expect(await decorated.consumeAll([check])).toMatchObject({ allowed: true, atomic: true });
    expect((await decorated.peek(check)).allowed).toBe(false);
    await decorated.block(check, 1_000);
    expect(await decorated.reset(check)).toBe(true);
  });

  it("answers the five questions in an outage, visibly, and reports each", async () => {
    const heard: StoreErrorCode[] = [];
    const decorated = decorate((error) => heard.push(error.code));
    const { receipt = "" } = await decorated.consume(check);
    down();
    const all = await decorated.consumeAll([check, { ...check, client: "d" }]);
    const answers = [
      ...all.decisions,
      await decorated.consume(check),
      await decorated.peek(check),
      await decorated.charge({ ...check, cost: 1 }),
      await decorated.refund(check, receipt),
    ];
    expect(all.allowed).toBe(true);
    expect(answers.map(({ source }) => source)).toEqual(answers.map(() => "fallback"));
    expect(answers.slice(0, 3).every(({ allowed }) => allowed)).toBe(true);
    expect(heard).toEqual(Array.from({ length: 5 }, () => "STORE_UNAVAILABLE"));
  });

  it("answers for a client that a full store has no room for, and for no block", async () => {
    const heard: StoreErrorCode[] = [];
    const decorated = decorate((error) => heard.push(error.code));
    failure = new StoreError("STORE_CAPACITY", "The store is full; raise maxEntries.", { outcome: "not-applied" });
    expect(await decorated.consume(check)).toMatchObject({ allowed: true, source: "fallback" });
    expect(await decorated.charge(check)).toMatchObject({ allowed: true, source: "fallback" });
    expect(await decorated.consumeAll([check])).toMatchObject({ decisions: [{ source: "fallback" }] });
    expect(heard).toEqual(["STORE_CAPACITY", "STORE_CAPACITY", "STORE_CAPACITY"]);
    await expect(decorated.block(check, 1_000)).rejects.toBe(failure);
  });

  it("rejects block and reset in an outage", async () => {
    const decorated = decorate();
    down();
    await expect(decorated.block(check, 1_000)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(decorated.reset(check)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it.each(others)("does not answer for %s", async (code) => {
    const heard: unknown[] = [];
    const decorated = decorate((error) => heard.push(error));
    failure = new StoreError(code, "Something else.");
    for (const call of [decorated.consume(check), decorated.peek(check), decorated.charge(check)]) {
      await expect(call).rejects.toBe(failure);
    }
    await expect(decorated.consumeAll([check])).rejects.toBe(failure);
    await expect(decorated.refund(check, "fw:1:1")).rejects.toBe(failure);
    expect(heard).toEqual([]);
  });

  it("leaves an aborted call aborted, even where the reason looks like an outage", async () => {
    down();
    const reason = new StoreError("STORE_UNAVAILABLE", "The caller's own.");
    const signal = AbortSignal.abort(reason);
    await expect(decorate().consume(check, { signal })).rejects.toBe(reason);
  });

  it("is not disturbed by an observer that throws", async () => {
    down();
    const decorated = decorate(() => {
      throw new Error("observer");
    });
    expect(await decorated.consume(check)).toMatchObject({ allowed: true, source: "fallback" });
  });

  it("refuses a malformed receipt in an outage too", async () => {
    down();
    await expect(decorate().refund(check, "nonsense")).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
    await expect(decorate().refund(check, JSON.parse("7"))).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
  });

  it("closes what it was given", async () => {
    await using decorated = decorate();
    await decorated.close();
    expect(closed).toContain("store");
    await expect(decorated.consume(check)).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});

describe("failOpen", () => {
  it("answers as for a client never seen, takes nothing, and still denies what can never fit", async () => {
    const open = failOpen(store);
    down();
    const unseen = { allowed: true, limit: 5, remaining: 3, retryAfterMs: 0, resetAfterMs: 0, source: "fallback" };
    expect(await open.consume(check)).toEqual(unseen);
    expect(await open.charge(check)).toEqual(unseen);
    expect(await open.peek(check)).toEqual({ ...unseen, remaining: 5 });
    expect(await open.consumeAll([check])).toEqual({ allowed: true, atomic: false, decisions: [unseen] });
    expect(await open.consume({ ...check, cost: 6 })).toMatchObject({
      allowed: false,
      remaining: 5,
      retryAfterMs: null,
    });
    const none = { ...check, cost: 0, policy: { ...check.policy, limit: 0 } };
    expect(await open.consume(none)).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: null });
    const bucket = { algorithm: "token-bucket", limit: 5, windowMs: 1_000, burst: 9 } as const;
    expect(await open.consume({ ...check, policy: bucket })).toMatchObject({ limit: 5, remaining: 7 });
    expect(await open.consume({ ...check, policy: { ...bucket, limit: 0 } })).toMatchObject({ allowed: false });
    expect((await open.consumeAll([check, none])).allowed).toBe(false);
  });

  it("has the store's capabilities", () => {
    expect(failOpen(store).capabilities).toEqual({ shared: true, atomic: true, durable: true });
  });
});

describe("withFallback", () => {
  let local: MapPort;
  let guarded: RateLimitStore;
  beforeEach(() => {
    local = mapPort(clock);
    guarded = withFallback(store, createRateLimitStore(local));
  });

  it("keeps a limit of its own in an outage", async () => {
    await guarded.consume({ ...check, cost: 5 });
    down();
    const allowed = [];
    for (let i = 0; i < 4; i++) allowed.push((await guarded.consume(check)).allowed);
    expect(allowed).toEqual([true, true, false, false]);
    expect(await guarded.consume(check)).toMatchObject({ retryAfterMs: 60_000, source: "fallback" });
    failure = undefined;
    expect(await guarded.peek({ ...check, cost: 0 })).toMatchObject({ remaining: 0, source: "store" });
  });

  it("refunds a receipt to the store that gave it", async () => {
    const { receipt: first = "" } = await guarded.consume(check);
    down();
    const { receipt: second = "" } = await guarded.consume(check);
    const all = await guarded.consumeAll([check]);
    failure = undefined;
    expect(await guarded.refund(check, second)).toMatchObject({ remaining: 3, source: "fallback" });
    expect(await guarded.refund(check, all.decisions[0]?.receipt ?? "")).toMatchObject({
      remaining: 5,
      source: "fallback",
    });
    expect(await guarded.refund(check, first)).toMatchObject({ remaining: 5, source: "store" });
    expect([local.records.size, port.records.size]).toEqual([0, 0]);
  });

  it("does not give back to the fallback what the store had taken", async () => {
    const { receipt = "" } = await guarded.consume(check);
    down();
    await guarded.consume(check);
    expect(await guarded.refund(check, receipt)).toMatchObject({ remaining: 3, source: "fallback" });
  });

  it("keeps receipts apart when one fallback is wrapped in another", async () => {
    const outer = withFallback(guarded, createRateLimitStore(mapPort(clock)));
    down();
    const { receipt = "" } = await outer.consume(check);
    expect(local.records.size).toBe(1);
    expect(await outer.refund(check, receipt)).toMatchObject({ remaining: 5 });
    expect(local.records.size).toBe(0);
  });

  it("blocks and resets in both, and tells of the store's failure though the fallback did it", async () => {
    await guarded.block(check, 10_000);
    down();
    expect(await guarded.consume(check)).toMatchObject({ allowed: false, retryAfterMs: 10_000, source: "fallback" });
    await expect(guarded.reset(check)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(local.records.size).toBe(0);
    await expect(guarded.block(check, 20_000)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect((await guarded.consume(check)).retryAfterMs).toBe(20_000);
    failure = undefined;
    expect((await guarded.consume(check)).retryAfterMs).toBe(10_000);
    expect(await guarded.reset(check)).toBe(true);
    expect(await guarded.reset(check)).toBe(false);
  });

  it("rejects where only the fallback could not block", async () => {
    const broken = createRateLimitStore({ ...local, transact: () => Promise.reject(new Error("full")) });
    await expect(withFallback(store, broken).block(check, 1_000)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect((await store.peek(check)).allowed).toBe(false);
  });

  it("claims only what still holds in an outage, and closes both", async () => {
    expect(guarded.capabilities).toEqual({ shared: false, atomic: true, durable: false });
    const both = withFallback(
      store,
      createRateLimitStore({ ...local, close: async () => void closed.push("fallback") }),
    );
    await both.close();
    expect(closed).toEqual(["store", "fallback"]);
  });
});
