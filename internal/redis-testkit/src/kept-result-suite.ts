// What is kept beside a payment, as Redis holds it: its own key in the record's slot, its time to live, and what is not rewritten.
import { createHash } from "node:crypto";
import { type Lease, type VerificationStore, verifyOnce } from "@tollbooth-stores/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

const day = 86_400_000;
const leaseMs = 30_000;
const payment = { payload: "payload", collector: "payer" };
const request = { token: "t", fingerprint: "f", leaseMs, onLeaseExpiry: "retry", retainUntilMs: 0, payment } as const;
const handleOf = (key: string) => createHash("sha256").update(key).digest("base64url");
const recordOf = (key: string) => `kept:{${handleOf(key)}}:c`;
const [recordKey, keptKey] = [recordOf("payment"), `kept:{${handleOf("payment")}}:k`];

/** Registers the tests. */
export function keptResultSuite<Client>({ name, create }: ClientProvider<Client>): void {
  describe(`what ${name} keeps beside a payment`, () => {
    let redis: RunningRedis;
    let store: VerificationStore;
    let lease: Lease;
    beforeAll(async () => {
      redis = await startRedis();
      const connection = { url: redis.url };
      store = create.verifications({ connection, keyPrefix: "kept", ttlJitter: 0, commandTimeoutMs: 5_000 });
    });
    beforeEach(async () => {
      await redis.command("FLUSHALL");
      lease = await hold();
    });
    afterAll(async () => {
      await store.close();
      await redis.stop();
    });

    const hold = async (): Promise<Lease> => {
      const claimed = await store.claim("payment", request);
      if (claimed.status !== "claimed") throw new Error(`The payment was not claimed but ${claimed.status}.`);
      return claimed.lease;
    };
    const keep = (kept: string) =>
      store.renew("payment", lease, leaseMs, { onLeaseExpiry: "unknown", reference: "r", kept });
    const ttlOf = async (key: string) => Number(await redis.command("PTTL", key));
    const callsOf = async (command: string) => {
      const told = String(await redis.command("INFO", "commandstats"));
      return Number(told.match(`cmdstat_${command}:calls=(\\d+)`)?.[1] ?? 0);
    };
    const keys = async () => [await redis.command("KEYS", "*")].flat().map(String).sort();

    it("lies under a key of its own in the record's slot, and ends with the record", async () => {
      expect(await keys()).toEqual([recordKey]);
      await keep("result");
      expect(await keys()).toEqual([recordKey, keptKey]);
      expect(String(await redis.command("GET", keptKey)).slice(-"result".length)).toBe("result");
      expect(Math.abs((await ttlOf(keptKey)) - (await ttlOf(recordKey)))).toBeLessThan(1_000);
      expect(await ttlOf(keptKey)).toBeGreaterThan(30 * day);
    });

    it("is kept for as long as the delivery says, and again as long as the record once that is taken back", async () => {
      await keep("result");
      await store.settle("payment", { receipt: "r" });
      await store.deliver("payment", { token: "d", keptForMs: 60_000 });
      expect(await ttlOf(keptKey)).toBeLessThanOrEqual(60_000);
      expect(await ttlOf(recordKey)).toBeGreaterThan(day - 60_000);
      await store.undeliver("payment", "d");
      expect(await ttlOf(keptKey)).toBeGreaterThan(30 * day);
      await store.deliver("payment", { token: "e", keptForMs: 20 });
      await expect.poll(() => store.claim("payment", request)).toEqual({ status: "delivered", receipt: "r" });
    });

    it("is written once: neither a renewal nor a receipt nor a delivery writes its text again", async () => {
      await keep("result");
      const before = await callsOf("set");
      await store.renew("payment", lease, 2 * leaseMs);
      await store.settle("payment", { receipt: "r" });
      await store.deliver("payment", { token: "d" });
      await store.undeliver("payment", "d");
      // The record, each time.
      expect((await callsOf("set")) - before).toBe(4);
      expect(await store.claim("payment", request)).toMatchObject({ status: "settled", kept: "result" });
    });

    it("is read only for what is owed or delivered", async () => {
      await keep("result");
      const before = await callsOf("getrange");
      await store.claim("payment", { ...request, token: "stranger" });
      await store.peek("payment");
      await store.note("payment", lease, "evidence");
      expect(await callsOf("getrange")).toBe(before);
      await store.settle("payment", { receipt: "r" });
      await store.claim("payment", request);
      expect(await callsOf("getrange")).toBeGreaterThan(before);
    });

    it("goes with the payment: released, expired, and where it was left over from before", async () => {
      await keep("result");
      await store.release("payment", lease);
      expect(await keys()).toEqual([recordKey]);
      lease = await hold();
      await keep("result");
      await store.expire("payment", { reason: "void", lease });
      expect(await keys()).toEqual([recordKey]);
      await redis.command("FLUSHALL");
      lease = await hold();
      await keep("of a record that was lost");
      await redis.command("DEL", recordKey);
      await hold();
      expect(await keys()).toEqual([recordKey]);
    });

    it.each([
      ["the format before payments", "\u0001"],
      ["a record's format that is not known yet", "\u0003"],
    ])("is corrupt, and stays as it is: %s", async (_, format) => {
      await keep("result");
      await store.settle("payment", { receipt: "r" });
      await redis.command("SETRANGE", recordKey, "0", format);
      const before = await redis.command("GET", recordKey);
      for (const call of [
        () => store.claim("payment", request),
        () => store.settle("payment", { receipt: "another" }),
        () => store.deliver("payment", { token: "d" }),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      }
      expect(await redis.command("GET", recordKey)).toBe(before);
    });

    it.each([
      ["in a format that is not known yet", ["SETRANGE", keptKey, "0", "\u0002"]],
      ["cut short", ["SET", keptKey, "\u0001 short", "KEEPTTL"]],
    ])("is as if it were not kept where it is %s: no receipt waits for it", async (_, [command = "", ...words]) => {
      await keep("result");
      await redis.command(command, ...words);
      expect(await store.settle("payment", { receipt: "r" })).toEqual({ status: "settled", receipt: "r" });
      expect(await store.claim("payment", request)).toMatchObject({ status: "settled", receipt: "r" });
      expect(await store.deliver("payment", { token: "d" })).toMatchObject({ status: "delivered", byYou: true });
    });

    it("leaves no rejection longer than its value, so that a flood of forged payloads goes", async () => {
      const claimed = await store.claim("forged", { ...request, payment: undefined });
      if (claimed.status !== "claimed") throw new Error(`The key was not claimed but ${claimed.status}.`);
      const result = {
        outcome: "rejected",
        value: "forged",
        valueTtlMs: 5_000,
        retainUntilMs: Date.now() + day,
      } as const;
      await store.complete("forged", claimed.lease, result);
      expect(await ttlOf(recordOf("forged"))).toBeLessThanOrEqual(5_000);
    });

    it("leaves no trace of a verification that could not be made, whatever it was that hindered it", async () => {
      const payment = { fingerprint: "f", payloadHash: "unverified" };
      for (const verify of [() => Promise.reject(new Error("away")), async () => ({ later: true }) as const]) {
        await expect(verifyOnce(store, payment, verify)).rejects.toThrow();
        expect(await ttlOf(recordOf("v:unverified"))).toBeLessThanOrEqual(10_000);
      }
    });
  });
}
