// payOnce at its edges: what each step is given, its limits, answers that are none, and what is left behind.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreError } from "../errors.ts";
import { type MapPort, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { payOnce } from "./pay-once.ts";
import type { Payment, PaymentSteps } from "./payment.ts";
import type { VerificationStore } from "./verification-store.ts";
import { type StepContext, type Verify, verifyOnce } from "./verify-once.ts";

const leaseMs = 3_000;
const hour = 3_600_000;
const payload = { payloadHash: "payload", fingerprint: "f" };
const yes: Verify = async () => ({ ok: true });
let port: MapPort;
let store: VerificationStore;
let payment: Payment;
let transfers: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  port = mapPort();
  store = createVerificationStore(port);
  payment = { key: "payment", ...payload, validUntilMs: Date.now() + 3_600_000 };
  transfers = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

function seller(more: Partial<PaymentSteps<string>> = {}): PaymentSteps<string> {
  return {
    verify: yes,
    serve: async () => "content",
    async settle() {
      transfers += 1;
      return { ok: true, receipt: "tx" };
    },
    findSettlement: async () => "unknown",
    ...more,
  };
}
const never = () => new Promise<never>(() => undefined);
describe("payOnce", () => {
  it("leaves no timer behind, paid, refused or found", async () => {
    await payOnce(store, payment, seller());
    const second = { ...payment, key: "second" };
    await payOnce(store, second, seller({ settle: async () => ({ ok: false, reason: "no" }) }));
    await payOnce(store, second, seller({ settle: () => Promise.reject(new Error("died")) }));
    await payOnce(store, second, seller({ findSettlement: async () => ({ receipt: "tx" }) }));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives every step the fence of the claim it works under, and a signal", async () => {
    const given: Record<string, StepContext> = {};
    const record = (step: string, context: StepContext) => {
      given[step] = { signal: context.signal, fence: context.fence };
    };
    const steps = seller({
      async verify(context) {
        record("verify", context);
        return { ok: true };
      },
      async serve(context) {
        record("serve", context);
        return "content";
      },
      async settle(context) {
        record("settle", context);
        throw new Error("died");
      },
      async findSettlement(_evidence, context) {
        record("find", context);
        return "unknown";
      },
    });
    await payOnce(store, payment, steps);
    await payOnce(store, payment, steps);
    const fences = Object.fromEntries(Object.entries(given).map(([step, context]) => [step, BigInt(context.fence)]));
    expect(Object.keys(given)).toEqual(["verify", "serve", "settle", "find"]);
    expect(fences.serve).toBe(fences.settle);
    expect(Number(fences.find)).toBeGreaterThan(Number(fences.settle));
    for (const { signal } of Object.values(given)) expect(signal).toBeInstanceOf(AbortSignal);
  });

  it("gives findSettlement three leases to answer, then stays pending", async () => {
    await payOnce(store, payment, seller({ settle: () => Promise.reject(new Error("died")) }));
    const signals: AbortSignal[] = [];
    const asking = payOnce(
      store,
      payment,
      seller({
        findSettlement(_, { signal }) {
          signals.push(signal);
          return never();
        },
      }),
      { leaseMs },
    );
    await vi.advanceTimersByTimeAsync(3 * leaseMs - 1);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await asking).toMatchObject({ status: "pending" });
    expect(signals[0]?.aborted).toBe(true);
  });

  it.each([undefined, null, "yes", {}, { receipt: 7 }])("takes %j from findSettlement for unknown", async (answer) => {
    await payOnce(store, payment, seller({ settle: () => Promise.reject(new Error("died")) }));
    const loose: PaymentSteps<string>["findSettlement"] = async () => JSON.parse(JSON.stringify({ answer })).answer;
    expect(await payOnce(store, payment, seller({ findSettlement: loose }))).toMatchObject({ status: "pending" });
    expect(await store.peek("p:payment")).toMatchObject({ status: "unknown" });
  });

  it("takes an attempt up five times at most", async () => {
    let rounds = 0;
    const undone = seller({
      settle: () => Promise.reject(new Error("died")),
      findSettlement: async () => "none",
    });
    // Every attempt is undone by somebody else before it can settle.
    const robbed: VerificationStore = {
      ...store,
      async renew(key, lease) {
        rounds += 1;
        await store.release(key, lease);
        return { status: "lost", current: "absent" };
      },
    };
    expect(await payOnce(robbed, payment, undone)).toEqual({ status: "pending", retryAfterMs: 1_000 });
    expect(rounds).toBe(5);
    expect(transfers).toBe(0);
  });

  it("tells a rejection that the payment's own record holds", async () => {
    const claim = await store.claim("p:payment", {
      token: "a",
      fingerprint: "f",
      leaseMs,
      onLeaseExpiry: "retry",
      retainUntilMs: 0,
    });
    if (claim.status !== "claimed") throw new Error(claim.status);
    await store.complete("p:payment", claim.lease, { outcome: "rejected", value: "revoked", retainUntilMs: 0 });
    expect(await payOnce(store, payment, seller())).toEqual({ status: "rejected", reason: "revoked" });
    expect(transfers).toBe(0);
  });

  it("waits one lease for a verification under way elsewhere, then is pending for as long as that one's lease", async () => {
    void verifyOnce(store, payload, never, { leaseMs: 60_000 }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1);
    const paying = payOnce(store, payment, seller(), { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs + 1);
    const paid = await paying;
    expect(paid.status).toBe("pending");
    expect(paid.status === "pending" && paid.retryAfterMs).toBeGreaterThan(50_000);
  });

  it("a conflict is told without a claim on the payment", async () => {
    await verifyOnce(store, payload, yes);
    expect(await payOnce(store, { ...payment, fingerprint: "other" }, seller())).toEqual({ status: "conflict" });
    expect(await store.peek("p:payment")).toEqual({ status: "absent" });
  });

  it("takes what settle answers for settled only with ok: true and a receipt", async () => {
    for (const [index, answer] of [{ ok: true }, { receipt: "tx" }, { ok: "yes", receipt: "tx" }, null].entries()) {
      const loose: PaymentSteps<string>["settle"] = async () => JSON.parse(JSON.stringify(answer));
      const each = { ...payment, key: `loose ${index}` };
      expect(await payOnce(store, each, seller({ settle: loose }))).toMatchObject({ status: "pending" });
      expect(await store.peek(`p:loose ${index}`)).toEqual({ status: "unknown" });
    }
  });

  it("throws what the store throws when completing, other than being out of reach", async () => {
    const error = new StoreError("STORE_CORRUPT", "unreadable");
    const broken: VerificationStore = {
      ...store,
      complete: (key, ...rest) => (key.startsWith("p:") ? Promise.reject(error) : store.complete(key, ...rest)),
    };
    await expect(payOnce(broken, payment, seller())).rejects.toBe(error);
    expect(transfers).toBe(1);
  });

  it("is pending for a lease where the payload's record was marked unknown", async () => {
    const request = { token: "a", fingerprint: "f", leaseMs, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
    const claim = await store.claim("v:payload", request);
    if (claim.status === "claimed") await store.markUnknown("v:payload", claim.lease);
    expect(await payOnce(store, payment, seller(), { leaseMs })).toEqual({ status: "pending", retryAfterMs: leaseMs });
  });

  it.each([
    ["a day longer than it is valid", 60_000, 60_000 + 24 * hour, 60_000 + 12 * hour],
    ["as long as it is valid where that is nearly 31 days", 720 * hour, 720 * hour, 719 * hour],
  ])("keeps the payment %s, and its acceptance for less", async (_title, validMs, keptMs, acceptedMs) => {
    await payOnce(store, { ...payment, validUntilMs: Date.now() + validMs }, seller());
    expect(await store.peek("p:payment")).toMatchObject({ expiresInMs: keptMs });
    expect(await store.peek("v:payload")).toMatchObject({ expiresInMs: acceptedMs });
  });

  it("tells a duplicate to come back when the other's lease would be over", async () => {
    void payOnce(store, payment, seller({ serve: never }), { leaseMs: 60_000 });
    await vi.advanceTimersByTimeAsync(1);
    const duplicate = payOnce(store, payment, seller(), { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs);
    const paid = await duplicate;
    expect(paid.status === "pending" && paid.retryAfterMs).toBeGreaterThan(50_000);
  });
});
