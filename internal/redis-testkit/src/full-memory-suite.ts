// A Redis at maxmemory with noeviction: what begins work is refused with nothing changed; what continues or ends it gets through.
import {
  type Lease,
  type PaymentClaim,
  type PaymentSteps,
  payOnce,
  StoreError,
  type VerificationStore,
} from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

const leaseMs = 30_000;
const payment: PaymentClaim = { payload: "payload", collector: "payer" };
const request = { token: "t", fingerprint: "f", leaseMs, onLeaseExpiry: "retry", retainUntilMs: 0, payment } as const;
/** Longer than whatever small change a server at its limit might still have room for. */
const kept = "result ".repeat(5_000);
const ok = { status: "ok" };

/** Registers the tests. */
export function fullMemorySuite<Client>({ name, create }: ClientProvider<Client>): void {
  describe(`${name} on a Redis whose memory is full`, () => {
    let redis: RunningRedis;
    let store: VerificationStore;
    const clock = manualClock();
    beforeAll(async () => {
      redis = await startRedis();
    });
    beforeEach(async () => {
      await redis.command("FLUSHALL");
      store = create.verifications({ connection: { url: redis.url }, clock, commandTimeoutMs: 5_000 });
    });
    afterEach(async () => {
      await redis.command("CONFIG", "SET", "maxmemory", "0");
      await store.close();
    });
    afterAll(() => redis.stop());

    const hold = async (key: string): Promise<Lease> => {
      const claimed = await store.claim(key, request);
      if (claimed.status !== "claimed") throw new Error(`${key} was not claimed but ${claimed.status}`);
      return claimed.lease;
    };
    const settling = async (key: string) => {
      const lease = await hold(key);
      expect(await store.renew(key, lease, leaseMs, { onLeaseExpiry: "unknown" })).toEqual(ok);
      return lease;
    };
    const fill = async () => {
      await redis.command("CONFIG", "SET", "maxmemory", "1");
      await expect(redis.command("SET", "anything", "x")).rejects.toThrow(/OOM/);
    };
    const stored = () => redis.command("EVAL", dump, "0");

    it("refuses a claim of a free key, also a freed one, and a marker, and has changed nothing", async () => {
      await store.release("freed", await hold("freed"));
      await fill();
      const before = await stored();
      const marker = { token: "t", fingerprint: "f", retainUntilMs: 0 };
      for (const call of [
        () => store.claim("free", request),
        () => store.claim("freed", request),
        () => store.claim("free", { ...request, payment: undefined }),
        () => store.markOnce("marker", marker),
      ]) {
        const error: unknown = await call().catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(StoreError);
        expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
        expect(error).toMatchObject({ message: expect.stringContaining("maxmemory") });
      }
      expect(await stored()).toEqual(before);
    });

    it("renews for a settlement with what is kept, records the receipt, and hands it over", async () => {
      const lease = await hold("payment");
      await fill();
      const renewal = { onLeaseExpiry: "unknown", reference: "reference", kept } as const;
      expect(await store.renew("payment", lease, leaseMs, renewal)).toEqual(ok);
      expect(await store.note("payment", lease, "evidence ".repeat(1_000))).toEqual(ok);
      const receipt = "receipt ".repeat(1_000);
      expect(await store.settle("payment", { receipt, lease })).toEqual({ status: "settled", receipt, kept });
      const delivery = { token: "d", keptForMs: 60_000 };
      expect(await store.deliver("payment", delivery)).toEqual({ status: "delivered", byYou: true, receipt });
      expect(await store.undeliver("payment", "d")).toEqual(ok);
      clock.advance(leaseMs);
      expect(await store.claim("payment", { ...request, token: "u" })).toMatchObject({ status: "settled", kept });
      const again = { token: "e", kept: `${kept}, again` };
      expect(await store.deliver("payment", again)).toMatchObject({ status: "delivered", byYou: true });
      expect(await store.claim("payment", request)).toMatchObject({ status: "delivered", kept: again.kept });
    });

    it("records a receipt of a payment that it knows nothing of, its delivery and its result with it", async () => {
      await fill();
      expect(await store.settle("settled", { receipt: "r" })).toEqual({ status: "settled", receipt: "r" });
      const deliver = { token: "d", kept };
      const delivered = { status: "delivered", byYou: true, receipt: "r" };
      expect(await store.settle("delivered", { receipt: "r", payment, deliver })).toEqual(delivered);
      expect(await store.claim("delivered", request)).toMatchObject({ status: "delivered", kept });
    });

    it("completes, releases, marks unknown, expires, reconciles and takes over", async () => {
      const lapsing = await hold("lapsing");
      const [completed, rejected, released, unknown, expired] = [
        await settling("completed"),
        await settling("rejected"),
        await hold("released"),
        await settling("unknown"),
        await settling("expired"),
      ];
      await fill();
      const result = { value: "value ".repeat(1_000), retainUntilMs: 0 };
      expect(await store.complete("completed", completed, { ...result, outcome: "accepted" })).toEqual(ok);
      expect(await store.complete("rejected", rejected, { ...result, outcome: "rejected" })).toEqual(ok);
      expect(await store.release("released", released, { refused: true })).toEqual(ok);
      expect(await store.markUnknown("unknown", unknown, "evidence ".repeat(1_000))).toEqual(ok);
      expect(await store.expire("expired", { reason: "void", lease: expired })).toEqual(ok);
      const reconciled = await store.reconcile("unknown", { token: "finder", leaseMs });
      expect(reconciled).toMatchObject({ status: "claimed", via: "takeover" });
      clock.advance(leaseMs);
      expect(await store.renew("lapsing", lapsing, leaseMs)).toEqual({ status: "lost", current: "in-progress" });
      const taken = await store.claim("lapsing", { ...request, token: "u" });
      expect(taken).toMatchObject({ status: "claimed", via: "takeover" });
    });

    it("takes payOnce through a settlement longer than a lease, hands over what is owed, and refuses a new payment", async () => {
      let transfers = 0;
      const pay = (key: string, steps: Partial<PaymentSteps<string>> = {}) =>
        payOnce(
          store,
          { key, payloadHash: key, fingerprint: "f", validUntilMs: clock.now() + 60_000, reference: key },
          {
            verify: async () => ({ ok: true }),
            serve: async () => kept,
            settle: async () => ({ ok: true, receipt: `tx ${++transfers}` }),
            findSettlement: async () => "unknown",
            ...steps,
          },
          { leaseMs: 600, keep: { write: (result) => result, read: (text) => text } },
        );
      expect(await pay("doubtful", { settle: () => Promise.reject(new Error("away")) })).toMatchObject({
        status: "pending",
      });
      await pay("owed", { settle: () => Promise.reject(new Error("away")) });
      await store.settle("p:owed", { receipt: "tx 0" });
      const slowly = async () => {
        await fill();
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        return { ok: true, receipt: `tx ${++transfers}` } as const;
      };
      expect(await pay("slow", { settle: slowly })).toMatchObject({ status: "paid", fresh: true, receipt: "tx 1" });
      expect(await pay("slow")).toEqual({ status: "paid", fresh: false, receipt: "tx 1", kept });
      expect(await pay("owed")).toMatchObject({ status: "paid", fresh: true, receipt: "tx 0" });
      const found = { findSettlement: async () => ({ receipt: "tx found" }) };
      expect(await pay("doubtful", found)).toMatchObject({ status: "paid", fresh: true, receipt: "tx found" });
      await expect(pay("new")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
      expect(transfers).toBe(1);
    });

    it("does so on a server that has forgotten the script", async () => {
      const lease = await hold("payment");
      await fill();
      await redis.command("SCRIPT", "FLUSH");
      expect(await store.renew("payment", lease, leaseMs, { onLeaseExpiry: "unknown", kept })).toEqual(ok);
    });
  });
}

/** Every key with its value. */
const dump = `
local keys, found = redis.call('KEYS', '*'), {}
table.sort(keys)
for _, key in ipairs(keys) do
  found[#found + 1] = key
  found[#found + 1] = redis.call('GET', key)
end
return found`;
