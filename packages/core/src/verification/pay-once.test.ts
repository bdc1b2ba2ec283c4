// payOnce over real stores on a Map port, against a ledger that counts what moved. Timers are faked.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isStoreError, StoreError } from "../errors.ts";
import { type MapPort, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { payOnce } from "./pay-once.ts";
import type { Payment, PaymentSteps } from "./payment.ts";
import type { VerificationStore } from "./verification-store.ts";

const leaseMs = 3_000;
const orders = ["serve-then-settle", "settle-then-serve"] as const;
let port: MapPort;
let stores: [VerificationStore, VerificationStore];
let payment: Payment;
let ledger: { transfers: number; verifies: number; serves: number; searches: (string | undefined)[] };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  port = mapPort();
  stores = [createVerificationStore(port), createVerificationStore(port)];
  payment = { key: "payment", payloadHash: "payload", fingerprint: "f", validUntilMs: Date.now() + 3_600_000 };
  ledger = { transfers: 0, verifies: 0, serves: 0, searches: [] };
});
afterEach(() => {
  vi.useRealTimers();
});

/** An honest seller; `more` replaces what a test is about. */
function seller(more: Partial<PaymentSteps<string>> = {}): PaymentSteps<string> {
  return {
    async verify() {
      ledger.verifies += 1;
      return { ok: true };
    },
    async serve() {
      ledger.serves += 1;
      return "content";
    },
    async settle() {
      ledger.transfers += 1;
      return { ok: true, receipt: "tx" };
    },
    async findSettlement(evidence) {
      ledger.searches.push(evidence);
      return ledger.transfers > 0 ? { receipt: "tx" } : "none";
    },
    ...more,
  };
}
const never = () => new Promise<never>(() => undefined);
const options = { leaseMs };

/** Runs `work` while time passes. */
async function passing<T>(ms: number, work: Promise<T>): Promise<T> {
  const guarded = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await vi.advanceTimersByTimeAsync(ms);
  const result = await guarded;
  if ("error" in result) throw result.error;
  return result.value;
}

describe.each(orders)("payOnce, %s", (order) => {
  it("one of 50 callers on two instances is fresh; one verify, one serve, one transfer", async () => {
    const calls = Array.from({ length: 50 }, (_, i) =>
      payOnce(stores[i % 2 === 0 ? 0 : 1], payment, seller(), { ...options, order, serialize: (text) => text }),
    );
    const paid = await passing(3_000, Promise.all(calls));
    expect(paid.filter((each) => each.status === "paid" && each.fresh)).toEqual([
      { status: "paid", fresh: true, receipt: "tx", result: "content" },
    ]);
    const duplicate = { status: "paid", fresh: false, receipt: "tx", stored: "content" };
    expect(paid.filter((each) => !(each.status === "paid" && each.fresh))).toEqual(Array(49).fill(duplicate));
    expect(ledger).toMatchObject({ verifies: 1, serves: 1, transfers: 1 });
  });

  it("a duplicate without anything stored still learns that it is paid", async () => {
    await payOnce(stores[0], payment, seller(), { order });
    const again = await payOnce(stores[1], { ...payment, payloadHash: "other" }, seller(), { order });
    expect(again).toEqual({ status: "paid", fresh: false, receipt: "tx" });
  });

  it("another purchase with the same payment is a conflict, whether its payload was seen before or not", async () => {
    await payOnce(stores[0], payment, seller(), { order });
    const other = { ...payment, fingerprint: "other" };
    expect(await payOnce(stores[1], other, seller(), { order })).toEqual({ status: "conflict" });
    expect(await payOnce(stores[1], { ...other, payloadHash: "new" }, seller(), { order })).toEqual({
      status: "conflict",
    });
    expect(ledger.transfers).toBe(1);
  });

  it("a refused settlement frees the payment", async () => {
    const refusing = seller({ settle: async () => ({ ok: false, reason: "no funds" }) });
    expect(await payOnce(stores[0], payment, refusing, { order })).toEqual({ status: "rejected", reason: "no funds" });
    expect(await payOnce(stores[1], payment, seller(), { order })).toMatchObject({ status: "paid", fresh: true });
  });

  it("a settle that throws after the money moved is pending, then found, and never sent again", async () => {
    const lossy = seller({
      async settle({ note }) {
        await note("0xhash");
        ledger.transfers += 1;
        throw new Error("reply lost");
      },
    });
    expect(await payOnce(stores[0], payment, lossy, { order })).toMatchObject({ status: "pending" });
    const next = await payOnce(stores[1], payment, seller(), { order });
    expect(next).toMatchObject({ status: "paid", fresh: order === "settle-then-serve", receipt: "tx" });
    expect(ledger).toMatchObject({ transfers: 1, serves: 1, searches: ["0xhash"] });
  });

  it("a settle that throws before the money moved is asked about, then sent", async () => {
    const failing = seller({ settle: () => Promise.reject(new Error("refused connection")) });
    expect(await payOnce(stores[0], payment, failing, { order })).toMatchObject({ status: "pending" });
    expect(await payOnce(stores[1], payment, seller(), { order })).toMatchObject({ status: "paid", fresh: true });
    expect(ledger).toMatchObject({ transfers: 1, searches: [undefined] });
  });

  it("stays pending, and settles nothing, as long as nobody knows", async () => {
    const failing = seller({ settle: () => Promise.reject(new Error("lost")) });
    await payOnce(stores[0], payment, failing, { order });
    const blind = [
      seller({ findSettlement: async () => "unknown" }),
      seller({ findSettlement: () => Promise.reject(new Error("rpc")) }),
    ];
    for (const steps of blind) {
      expect(await payOnce(stores[1], payment, steps, { order })).toMatchObject({ status: "pending" });
    }
    expect(ledger.transfers).toBe(0);
  });

  it("a settle that hangs is pending after three leases", async () => {
    const hung = seller({ settle: never });
    const paid = await passing(3 * leaseMs, payOnce(stores[0], payment, hung, { ...options, order }));
    expect(paid).toMatchObject({ status: "pending" });
    expect((await stores[0].peek("p:payment")).status).toBe("unknown");
  });

  it("an answer that is neither yes nor no is unknown, not a refusal", async () => {
    const settle = async () => JSON.parse("{}");
    expect(await payOnce(stores[0], payment, seller({ settle }), { order })).toMatchObject({ status: "pending" });
    expect((await stores[0].peek("p:payment")).status).toBe("unknown");
  });

  it("after a crash in mid-settle the next caller reconciles once the lease is over", async () => {
    const crashed: VerificationStore = { ...stores[0], renew: (...args) => stores[0].renew(...args) };
    const dying = seller({
      settle() {
        ledger.transfers += 1;
        // The process dies here: nothing of it is heard again.
        crashed.markUnknown = never;
        crashed.renew = never;
        return never();
      },
    });
    void payOnce(crashed, payment, dying, { ...options, order });
    await vi.advanceTimersByTimeAsync(1_000);
    const next = await passing(2 * leaseMs, payOnce(stores[1], payment, seller(), { ...options, order }));
    expect(next).toMatchObject({ status: "paid", fresh: order === "settle-then-serve" });
    expect(ledger).toMatchObject({ transfers: 1, serves: 1 });
  });

  it("retries the record of a settled payment until the store answers again", async () => {
    let outage = 3;
    const flaky: VerificationStore = {
      ...stores[0],
      complete: (key, ...rest) => {
        if (!key.startsWith("p:") || outage === 0) return stores[0].complete(key, ...rest);
        outage -= 1;
        return Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "unknown" }));
      },
    };
    const paid = await passing(leaseMs, payOnce(flaky, payment, seller(), { ...options, order }));
    expect(paid).toMatchObject({ status: "paid", fresh: true });
    expect(ledger.transfers).toBe(1);
  });

  it("is pending, not fresh, where the store never confirmed", async () => {
    const down: VerificationStore = {
      ...stores[0],
      complete: (key, ...rest) =>
        key.startsWith("p:")
          ? Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "unknown" }))
          : stores[0].complete(key, ...rest),
      renew: (key, lease, ms, more) =>
        more?.onLeaseExpiry === "unknown" ? stores[0].renew(key, lease, ms, more) : never(),
    };
    const paid = await passing(2 * leaseMs, payOnce(down, payment, seller(), { ...options, order }));
    expect(paid).toMatchObject({ status: "pending" });
    expect(await payOnce(stores[1], payment, seller(), { ...options, order })).toMatchObject({ status: "paid" });
    expect(ledger.transfers).toBe(1);
  });

  it("gives up after three leases where renewals work and completing does not", async () => {
    const half: VerificationStore = {
      ...stores[0],
      complete: (key, ...rest) =>
        key.startsWith("p:")
          ? Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "unknown" }))
          : stores[0].complete(key, ...rest),
    };
    const paid = await passing(4 * leaseMs, payOnce(half, payment, seller(), { ...options, order }));
    expect(paid).toMatchObject({ status: "pending" });
  });

  it("leaves out a result too large to keep, not the marker", async () => {
    const serialize = () => "x".repeat(70_000);
    expect(await payOnce(stores[0], payment, seller(), { order, serialize })).toMatchObject({ fresh: true });
    expect(await payOnce(stores[1], payment, seller(), { order, serialize })).toEqual({
      status: "paid",
      fresh: false,
      receipt: "tx",
    });
  });

  it("is spent, so a conflict, once the result is no longer kept", async () => {
    const brief = createVerificationStore(port, { defaults: { valueTtlMs: 1_000 } });
    await payOnce(brief, payment, seller(), { order });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await payOnce(stores[1], { ...payment, payloadHash: "again" }, seller(), { order })).toEqual({
      status: "conflict",
    });
  });

  it("never settles on a store that is out of reach before the settlement", async () => {
    const down: VerificationStore = {
      ...stores[0],
      renew: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "unknown" })),
    };
    const refused = expect(payOnce(down, payment, seller(), { order, leaseMs })).rejects.toSatisfy((error) =>
      isStoreError(error, "STORE_UNAVAILABLE"),
    );
    // What is served is not given up while the lease lasts.
    await vi.advanceTimersByTimeAsync(leaseMs);
    await refused;
    expect(ledger.transfers).toBe(0);
    expect(await payOnce(stores[1], payment, seller(), { order })).toMatchObject({ status: "paid", fresh: true });
  });

  it("an abort before the settlement ends the attempt, after it began it does not", async () => {
    const gone = new Error("client went away");
    const early = new AbortController();
    const refused = payOnce(
      stores[0],
      payment,
      seller({
        async serve({ signal }) {
          ledger.serves += 1;
          early.abort(gone);
          expect(signal.aborted).toBe(order === "serve-then-settle");
          return "content";
        },
      }),
      { order, signal: early.signal },
    );
    await expect(refused).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(10);
    expect(ledger.transfers).toBe(order === "serve-then-settle" ? 0 : 1);

    const late = new AbortController();
    const second = { ...payment, key: "second", payloadHash: "second" };
    const settle: PaymentSteps<string>["settle"] = async () => {
      late.abort(gone);
      ledger.transfers += 1;
      return { ok: true, receipt: "tx2" };
    };
    await expect(payOnce(stores[0], second, seller({ settle }), { order, signal: late.signal })).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(10);
    expect(await stores[1].peek("p:second")).toMatchObject({ status: "done", outcome: "accepted" });
  });
});

describe("payOnce", () => {
  it("a forged payload with the payer's nonce neither blocks nor spoils the payer", async () => {
    const forged = { ...payment, payloadHash: "forged" };
    const strict = seller({ verify: async () => ({ ok: false, reason: "bad signature" }) });
    expect(await payOnce(stores[0], forged, strict)).toEqual({ status: "rejected", reason: "bad signature" });
    expect(await payOnce(stores[1], payment, seller())).toMatchObject({ status: "paid", fresh: true });
    expect(await payOnce(stores[1], forged, strict)).toEqual({ status: "rejected", reason: "bad signature" });
  });

  it("a serve that throws frees the payment, and nothing moved", async () => {
    const broken = new Error("upstream is down");
    await expect(payOnce(stores[0], payment, seller({ serve: () => Promise.reject(broken) }))).rejects.toBe(broken);
    expect(ledger.transfers).toBe(0);
    expect(await payOnce(stores[1], payment, seller())).toMatchObject({ status: "paid", fresh: true });
  });

  it("when settled first, a serve that throws is made up for by serving the next caller", async () => {
    const order = "settle-then-serve";
    const broken = new Error("upstream is down");
    const failing = seller({ serve: () => Promise.reject(broken) });
    await expect(payOnce(stores[0], payment, failing, { order })).rejects.toBe(broken);
    expect(await payOnce(stores[1], payment, seller(), { order })).toMatchObject({ fresh: true, result: "content" });
    expect(ledger).toMatchObject({ transfers: 1, searches: ["tx"] });
  });

  it("a lease that was lost here while it lives on in the store is never taken up as a new one", async () => {
    let deaf = false;
    // The store renews and answers, but from the settlement on none of its answers arrives.
    const oneWay: VerificationStore = {
      ...stores[0],
      renew: async (...args) => {
        const reply = await stores[0].renew(...args);
        return deaf ? never() : reply;
      },
    };
    const serving = seller({
      async settle() {
        ledger.transfers += 1;
        deaf = true;
        return { ok: true, receipt: "tx" };
      },
      serve: () => {
        ledger.serves += 1;
        return ledger.serves === 1 ? never() : Promise.resolve("content");
      },
    });
    const both = { ...options, order: "settle-then-serve" } as const;
    const first = await passing(5 * leaseMs, payOnce(oneWay, payment, serving, both));
    expect(ledger.transfers).toBe(1);
    const last = first.status === "paid" ? first : await payOnce(stores[1], payment, seller(), both);
    expect(last).toMatchObject({ status: "paid", fresh: true });
    expect(ledger).toMatchObject({ transfers: 1, searches: ["tx"] });
  });

  it.each(orders)(
    "a payment in doubt for hours is found, not refused, although no verifier takes it any more: %s",
    async (order) => {
      let spent = false;
      const chain = seller({
        verify: async () => (spent ? { ok: false, reason: "nonce used" } : { ok: true }),
        async settle() {
          ledger.transfers += 1;
          spent = true;
          throw new Error("reply lost");
        },
      });
      expect(await payOnce(stores[0], payment, chain, { order })).toMatchObject({ status: "pending" });
      await vi.advanceTimersByTimeAsync(6 * 3_600_000);
      expect(await payOnce(stores[1], payment, chain, { order })).toMatchObject({ status: "paid", receipt: "tx" });
      expect(ledger.transfers).toBe(1);
    },
  );

  it("a payment in doubt for days is pending, never refused", async () => {
    let spent = false;
    const chain = seller({
      verify: async () => (spent ? { ok: false, reason: "expired" } : { ok: true }),
      async settle() {
        spent = true;
        throw new Error("reply lost");
      },
      findSettlement: async () => "unknown",
    });
    await payOnce(stores[0], payment, chain);
    await vi.advanceTimersByTimeAsync(5 * 86_400_000);
    expect(await payOnce(stores[1], payment, chain)).toMatchObject({ status: "pending" });
  });

  it("a settled payment is still known as one hours after it was valid, when no verifier takes it any more", async () => {
    await payOnce(stores[0], payment, seller());
    await vi.advanceTimersByTimeAsync(6 * 3_600_000);
    const late = seller({ verify: async () => ({ ok: false, reason: "expired" }) });
    expect(await payOnce(stores[1], payment, late)).toEqual({ status: "paid", fresh: false, receipt: "tx" });
  });

  it("a payment valid for nearly 31 days is not taken for a new one on an acceptance that outlives it", async () => {
    const validForMs = 30.5 * 86_400_000;
    const long = { ...payment, validUntilMs: Date.now() + validForMs };
    await payOnce(stores[0], long, seller());
    await vi.advanceTimersByTimeAsync(validForMs + 3_600_000);
    const late = seller({
      verify: async () => ({ ok: false, reason: "expired" }),
      settle: async () => ({ ok: false, reason: "expired" }),
    });
    expect(await payOnce(stores[1], long, late)).toEqual({ status: "rejected", reason: "expired" });
    expect(ledger.serves).toBe(1);
  });

  it("nobody is served again on an acceptance that a refusal has overtaken", async () => {
    let drained = false;
    const seen = { verifies: 0 };
    const drain = seller({
      async verify() {
        seen.verifies += 1;
        return drained ? { ok: false, reason: "no funds" } : { ok: true };
      },
      async settle() {
        drained = true;
        return { ok: false, reason: "no funds" };
      },
    });
    for (let times = 0; times < 10; times += 1) {
      expect(await payOnce(stores[times % 2 === 0 ? 0 : 1], payment, drain)).toEqual({
        status: "rejected",
        reason: "no funds",
      });
    }
    expect(ledger.serves).toBe(1);
    drained = false;
    expect(await payOnce(stores[0], payment, seller())).toMatchObject({ status: "paid", fresh: true });
  });

  it("a verification that throws when it is repeated frees the payment", async () => {
    await payOnce(stores[0], payment, seller({ settle: async () => ({ ok: false, reason: "no funds" }) }));
    const down = new Error("facilitator is down");
    await expect(payOnce(stores[1], payment, seller({ verify: () => Promise.reject(down) }))).rejects.toBe(down);
    expect((await stores[0].peek("p:payment")).status).toBe("absent");
  });

  it("refuses an order it does not know", async () => {
    const order = JSON.parse('"settle-first"');
    await expect(payOnce(stores[0], payment, seller(), { order })).rejects.toThrow(/^order must be/);
  });

  it("a settlement that succeeds after its time stays in doubt where nothing served is kept, and is found", async () => {
    let succeed: () => void = () => undefined;
    const slow = seller({
      settle: ({ note }) =>
        new Promise((resolve) => {
          void note("what was served");
          succeed = () => {
            ledger.transfers += 1;
            resolve({ ok: true, receipt: "tx" });
          };
        }),
    });
    expect(await passing(3 * leaseMs, payOnce(stores[0], payment, slow, options))).toMatchObject({ status: "pending" });
    succeed();
    await vi.advanceTimersByTimeAsync(10);
    expect(await payOnce(stores[1], payment, seller(), options)).toEqual({
      status: "paid",
      fresh: false,
      receipt: "tx",
    });
    expect(ledger).toMatchObject({ transfers: 1, searches: ["what was served"] });
  });

  it("a settlement that succeeds after its time is recorded, and what was served is there for the payer", async () => {
    let succeed: () => void = () => undefined;
    const slow = seller({
      settle: () =>
        new Promise((resolve) => {
          succeed = () => {
            ledger.transfers += 1;
            resolve({ ok: true, receipt: "late tx" });
          };
        }),
    });
    const serialize = (text: string) => text;
    const first = await passing(3 * leaseMs, payOnce(stores[0], payment, slow, { ...options, serialize }));
    expect(first).toMatchObject({ status: "pending" });
    succeed();
    await vi.advanceTimersByTimeAsync(10);
    expect(await payOnce(stores[1], payment, seller(), { serialize })).toEqual({
      status: "paid",
      fresh: false,
      receipt: "late tx",
      stored: "content",
    });
    expect(ledger).toMatchObject({ transfers: 1, searches: [] });
  });

  it("an owner that lost its lease while serving does not settle", async () => {
    const stalled: VerificationStore = {
      ...stores[0],
      renew: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "unreachable")),
      claim: async (...args) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return stores[0].claim(...args);
      },
    };
    const first = payOnce(stalled, payment, seller({ serve: never }), options);
    await vi.advanceTimersByTimeAsync(300);
    const second = payOnce(stores[1], payment, seller(), { ...options, leaseMs: 10_000 });
    const both = await passing(5_000, Promise.all([first, second]));
    expect(both).toEqual([
      { status: "paid", fresh: false, receipt: "tx" },
      { status: "paid", fresh: true, receipt: "tx", result: "content" },
    ]);
    expect(ledger.transfers).toBe(1);
  });

  it("a reconciler whose release is still under way does not go on under the lease that it releases", async () => {
    const dead = seller({ settle: () => Promise.reject(new Error("died")) });
    expect(await payOnce(stores[0], payment, dead, options)).toMatchObject({ status: "pending" });
    const order: string[] = [];
    const slow: VerificationStore = {
      ...stores[1],
      release(key, lease) {
        setTimeout(async () => order.push(`release ${(await stores[1].release(key, lease)).status}`), 1_000);
        return Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "unknown" }));
      },
    };
    const serving = seller({ serve: async () => `served ${order.push("serve")}` });
    expect(await passing(3_000, payOnce(slow, payment, serving, options))).toMatchObject({ fresh: true });
    expect(order).toEqual(["release ok", "serve"]);
  });

  it("a caller that slept for ten minutes since it verified takes nothing up any more", async () => {
    const sleepy = seller({
      verify: () => new Promise((resolve) => setTimeout(() => resolve({ ok: true }), 600_001)),
    });
    const paid = await passing(700_000, payOnce(stores[0], payment, sleepy, { leaseMs: 300_000 }));
    expect(paid).toMatchObject({ status: "pending" });
    expect(ledger).toMatchObject({ serves: 0, transfers: 0 });
    expect(await payOnce(stores[1], payment, seller())).toMatchObject({ status: "paid", fresh: true });
  });

  it("a duplicate waits one lease at most, then is pending", async () => {
    void payOnce(stores[0], payment, seller({ serve: never }), options);
    await vi.advanceTimersByTimeAsync(100);
    const duplicate = await passing(leaseMs, payOnce(stores[1], payment, seller(), options));
    expect(duplicate).toMatchObject({ status: "pending" });
    expect(duplicate.status === "pending" && duplicate.retryAfterMs > 0).toBe(true);
  });

  it("refuses a payment valid for more than 31 days before anything is served", async () => {
    const forever = { ...payment, validUntilMs: Date.now() + 32 * 86_400_000 };
    await expect(payOnce(stores[0], forever, seller())).rejects.toThrow(/31 days/);
    expect(ledger).toMatchObject({ serves: 0, transfers: 0 });
  });

  it("keeps evidence that the store could not take at once, and refuses evidence it can never take", async () => {
    const deaf: VerificationStore = {
      ...stores[0],
      note: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "unknown" })),
    };
    const noting = seller({
      async settle({ note }) {
        await note("0xhash");
        throw new Error("lost");
      },
    });
    await payOnce(deaf, payment, noting);
    expect(await stores[1].peek("p:payment")).toEqual({ status: "unknown", evidence: "0xhash" });

    const second = { ...payment, key: "second", payloadHash: "second" };
    let refusal: unknown;
    const shouting = seller({
      settle: ({ note }) =>
        note("x".repeat(70_000)).then(
          () => ({ ok: true, receipt: "tx" }),
          (error: unknown) => {
            refusal = error;
            return { ok: true, receipt: "tx" };
          },
        ),
    });
    expect(await payOnce(stores[0], second, shouting)).toMatchObject({ fresh: true });
    expect(isStoreError(refusal, "STORE_VALUE_TOO_LARGE")).toBe(true);
  });
});
