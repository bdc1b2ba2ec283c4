// reconcileUnresolved: goes through the payments in doubt by reference, a few at a time, one instance at a time.
import { describe, expect, it, vi } from "vitest";
import { sha256 } from "../hashing.ts";
import {
  intercepted,
  keep,
  leaseMs,
  lostReply,
  never,
  notSent,
  passing,
  paymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";
import { reconcileUnresolved, resolvePayment } from "./resolve-payment.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const zero = { settled: 0, expired: 0, inDoubt: 0, owed: 0, failed: 0 };
const nthPayment = (n: number) => ({
  ...{ ...world.payment, key: `payment ${n}` },
  ...{ payloadHash: `payload ${n}`, reference: `nonce ${n}` },
});
const handleOf = (n: number) => sha256(`p:payment ${n}`);

/** Leaves so many payments in doubt. */
async function inDoubt(count: number) {
  const dying = seller({ settle: ({ note }) => note("0xhash").then(() => Promise.reject(new Error("died"))) });
  for (let n = 0; n < count; n += 1) await payOnce(world.stores[0], nthPayment(n), dying, { leaseMs, keep });
  world.messages.length = 0;
}

describe("reconcileUnresolved", () => {
  it("asks about each by its reference and evidence, ends what can be told, and counts", async () => {
    await inDoubt(5);
    await resolvePayment(world.stores[0], { key: "payment 4" }, { receipt: "tx 4" });
    const asked: unknown[] = [];
    const counts = await reconcileUnresolved(
      world.stores[1],
      async (evidence, { reference, handle, fence, signal }) => {
        asked.push([evidence, reference, handle]);
        expect(fence).toMatch(/^\d+$/);
        expect(signal.aborted).toBe(false);
        if (reference === "nonce 0") return { receipt: "tx 0" };
        if (reference === "nonce 1") return { none: "expired" };
        if (reference === "nonce 2") return "unknown";
        throw new Error("the chain is away");
      },
    );
    expect(counts).toEqual({ settled: 1, expired: 1, inDoubt: 1, owed: 1, failed: 1 });
    expect(asked).toHaveLength(4);
    expect(asked).toContainEqual(["0xhash", "nonce 2", handleOf(2)]);
    const states = [0, 1, 2, 3, 4].map(async (n) => (await world.stores[0].peek(`p:payment ${n}`)).status);
    expect(await Promise.all(states)).toEqual(["settled", "expired", "unknown", "unknown", "settled"]);
    expect(world.messages).toEqual([
      { event: "recovered", handle: handleOf(0), attempt: 2 },
      { event: "expired", handle: handleOf(1), attempt: 2 },
    ]);
    expect(vi.getTimerCount()).toBe(0);
    // What was recovered goes to its payer, from what was kept; what is in doubt can be looked into at once.
    expect(await payOnce(world.stores[0], nthPayment(0), seller(), { keep })).toEqual({
      ...{ status: "paid", fresh: true },
      ...{ receipt: "tx 0", result: "content" },
    });
    const all = await reconcileUnresolved(world.stores[0], async () => ({ none: "void" }));
    expect(all).toEqual({ ...zero, expired: 2, owed: 1 });
    expect(await reconcileUnresolved(world.stores[0], never)).toEqual({ ...zero, owed: 1 });
  });

  it("does not make what is unclear a settlement", async () => {
    await inDoubt(1);
    for (const answer of [undefined, "none", { receipt: "" }, { none: "gone" }]) {
      const find = async () => JSON.parse(JSON.stringify({ answer })).answer;
      expect(await reconcileUnresolved(world.stores[1], find)).toEqual({ ...zero, inDoubt: 1 });
    }
  });

  it.each([
    [undefined, 4],
    [1, 1],
    [3, 3],
    [20, 10],
  ])("looks into %s at once", async (concurrency, most) => {
    await inDoubt(10);
    let running = 0;
    let seen = 0;
    const find = async () => {
      running += 1;
      seen = Math.max(seen, running);
      await new Promise((resolve) => setTimeout(resolve, 100));
      running -= 1;
      return "unknown" as const;
    };
    const counts = await passing(2_000, reconcileUnresolved(world.stores[1], find, { concurrency }));
    expect(counts).toEqual({ ...zero, inDoubt: 10 });
    expect(seen).toBe(most);
  });

  it("on two instances at once asks about each payment once", async () => {
    await inDoubt(6);
    const asked: string[] = [];
    const find = async (_: unknown, { handle }: { handle: string }) => {
      asked.push(handle);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { receipt: "tx" };
    };
    const both = Promise.all(world.stores.map((store) => reconcileUnresolved(store, find, { concurrency: 6 })));
    const [one, other] = await passing(1_000, both);
    expect(asked.sort()).toEqual([0, 1, 2, 3, 4, 5].map(handleOf).sort());
    expect((one?.settled ?? 0) + (other?.settled ?? 0)).toBe(6);
    expect((one?.inDoubt ?? 0) + (other?.inDoubt ?? 0)).toBe(6);
  });

  it("holds the lease while it asks, for three leases at most: a payer who asks meanwhile waits, then is pending", async () => {
    await inDoubt(1);
    const signals: AbortSignal[] = [];
    const hung = reconcileUnresolved(
      world.stores[1],
      (_, { signal }) => {
        signals.push(signal);
        return never();
      },
      { leaseMs },
    );
    await vi.advanceTimersByTimeAsync(2 * leaseMs);
    const payer = payOnce(world.stores[0], nthPayment(0), seller({ findSettlement: never }), { leaseMs: 500 });
    expect(await passing(500, payer)).toMatchObject({ status: "pending" });
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await hung).toEqual({ ...zero, failed: 1 });
    expect(signals[0]?.reason).toMatchObject({ name: "TimeoutError" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("counts what was ended since it was listed, and ends nothing under a lease that was lost", async () => {
    await inDoubt(2);
    const overtaken = intercepted(world.stores[1], async ({ method, name, apply }) => {
      if (method === "reconcile" && JSON.stringify(name).includes(handleOf(0))) {
        await resolvePayment(world.stores[0], { key: "payment 0" }, { receipt: "tx" });
      }
      return apply();
    });
    const late = await reconcileUnresolved(overtaken, async (_, { reference }) => {
      expect(reference).toBe("nonce 1");
      await resolvePayment(world.stores[0], { key: "payment 1" }, { receipt: "tx" });
      return { none: "void" };
    });
    expect(late).toEqual({ ...zero, owed: 1, inDoubt: 1 });
    expect(await world.stores[0].peek("p:payment 1")).toMatchObject({ status: "settled" });
  });

  it("counts one that another had ended as it came to it", async () => {
    await inDoubt(1);
    const overtaken = intercepted(world.stores[1], async ({ method, apply }) => {
      if (method === "reconcile") await resolvePayment(world.stores[0], { key: "payment 0" }, { none: "void" });
      return apply();
    });
    expect(await reconcileUnresolved(overtaken, never)).toEqual({ ...zero, inDoubt: 1 });
  });

  it.each([
    ["reconcile", lostReply],
    ["settle", lostReply],
    ["settle", notSent],
  ] as const)("a store that fails at %s counts as failed, and the next round mends it", async (failing, error) => {
    await inDoubt(2);
    let failures = 0;
    const flaky = intercepted(world.stores[1], async ({ method, apply }) => {
      if (method !== failing || failures > 0) return apply();
      failures += 1;
      throw error();
    });
    const found = async () => ({ receipt: "tx" });
    expect(await reconcileUnresolved(flaky, found, { concurrency: 1 })).toEqual({ ...zero, settled: 1, failed: 1 });
    expect(await reconcileUnresolved(flaky, found)).toEqual({ ...zero, settled: 1, owed: 1 });
  });

  it("cuts a receipt that is too large for the store to its hash, and says so", async () => {
    await inDoubt(1);
    const receipt = "x".repeat(70_000);
    expect(await reconcileUnresolved(world.stores[1], async () => ({ receipt }))).toEqual({ ...zero, settled: 1 });
    expect(world.messages.map(({ event }) => event)).toEqual(["recovered", "receipt-cut"]);
    expect(await world.stores[0].peek("p:payment 0")).toMatchObject({ receipt: `sha256:${sha256(receipt)}` });
  });

  it("tells of a receipt that comes after it was said that there would be none, and of a second one", async () => {
    await inDoubt(2);
    await reconcileUnresolved(world.stores[1], async (_, { reference }) => {
      if (reference === "nonce 0") await resolvePayment(world.stores[0], { key: "payment 0" }, { receipt: "another" });
      return { receipt: "tx" };
    });
    expect(world.messages.map(({ event, handle }) => [event, handle])).toContainEqual(["second-receipt", handleOf(0)]);
  });

  it("ends with its signal: what is asked is aborted, and nothing more is", async () => {
    await inDoubt(3);
    const caller = new AbortController();
    const gone = new Error("shutting down");
    const asked: AbortSignal[] = [];
    const work = reconcileUnresolved(
      world.stores[1],
      (_, { signal }) => {
        asked.push(signal);
        return never();
      },
      { concurrency: 1, signal: caller.signal },
    );
    const ended = expect(work).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(gone);
    await ended;
    expect(asked).toHaveLength(1);
    expect(asked[0]?.reason).toBe(gone);
    expect(vi.getTimerCount()).toBe(0);
    const early = reconcileUnresolved(world.stores[1], never, { signal: caller.signal });
    await expect(early).rejects.toBe(gone);
  });

  it("rejects where the list fails", async () => {
    const broken = {
      ...world.stores[0],
      // biome-ignore lint/correctness/useYield: it fails before its first payment.
      async *unresolved() {
        throw lostReply();
      },
    };
    await expect(reconcileUnresolved(broken, never)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it.each([
    { concurrency: 0 },
    { concurrency: 1.5 },
    { concurrency: Number.NaN },
    { leaseMs: 0 },
    { leaseMs: 3_600_001 },
  ])("refuses %j", async (options) => {
    const refused = reconcileUnresolved(world.stores[0], never, options);
    await expect(refused).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
  });
});
