// verifyOnce beside payOnce: names, keys that bind a payload, values that are shared, and answers that are not yet one.
import { describe, expect, it, vi } from "vitest";
import { createVerificationStore } from "./create-verification-store.ts";
import { deferred, intercepted, leaseMs, lostReply, passing, paymentWorld, sellerOf } from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { Verify } from "./verify.ts";
import { verifyOnce } from "./verify-once.ts";

const world = paymentWorld();
const seller = () => sellerOf(world);
const yes: Verify = async () => ({ ok: true });
const mustNotRun: Verify = () => Promise.reject(new Error("must not run"));

describe("verifyOnce with a payment's key", () => {
  it("makes the verification that payOnce then uses", async () => {
    expect(await verifyOnce(world.stores[0], world.payment, yes)).toEqual({ ok: true, ran: true });
    const paid = await payOnce(world.stores[1], world.payment, { ...seller(), verify: mustNotRun });
    expect(paid).toMatchObject({ status: "paid", fresh: true });
  });

  it("uses the one that payOnce made, and tells a replay the first answer", async () => {
    await payOnce(world.stores[0], world.payment, seller());
    expect(await verifyOnce(world.stores[1], world.payment, mustNotRun)).toEqual({ ok: true, ran: false });
  });

  it("waits for the one that payOnce makes", async () => {
    const answer = deferred<{ ok: true; value: string }>();
    const paying = payOnce(world.stores[0], world.payment, { ...seller(), verify: () => answer.promise });
    await vi.advanceTimersByTimeAsync(10);
    const verifying = verifyOnce(world.stores[1], world.payment, mustNotRun);
    await vi.advanceTimersByTimeAsync(10);
    answer.resolve({ ok: true, value: "from 0xabc" });
    expect(await passing(500, Promise.all([paying, verifying]))).toEqual([
      { status: "paid", fresh: true, receipt: "tx", result: "content" },
      { ok: true, ran: false, value: "from 0xabc" },
    ]);
  });

  it.each([{ key: "another" }, { fingerprint: "another" }])("verifies nothing for %j", async (other) => {
    await verifyOnce(world.stores[0], world.payment, yes);
    expect(await verifyOnce(world.stores[1], { ...world.payment, ...other }, mustNotRun)).toEqual({
      ...{ ok: false, ran: false },
      reason: "This payload was presented for something else.",
    });
  });

  it("is another record than the one without", async () => {
    const { payloadHash, fingerprint } = world.payment;
    await verifyOnce(world.stores[0], { payloadHash, fingerprint }, yes);
    expect(await verifyOnce(world.stores[1], world.payment, yes)).toEqual({ ok: true, ran: true });
  });
});

describe("verifyOnce", () => {
  it.each(["payloadHash", "fingerprint", "key"] as const)("refuses a %s that is no name", async (field) => {
    for (const value of ["", 7, null, {}]) {
      const payment = Object.assign({ ...world.payment }, { [field]: value });
      await expect(verifyOnce(world.stores[0], payment, mustNotRun)).rejects.toThrow(`${field} must`);
    }
    expect(world.port.records.size).toBe(0);
  });

  it("hands the value to everyone who shared it, as long as it is kept", async () => {
    const asked: Verify = async () => ({ ok: true, value: "payer 0xabc" });
    const options = { valueTtlMs: 60_000 };
    const first = await verifyOnce(world.stores[0], world.payment, asked, options);
    expect(first).toEqual({ ok: true, ran: true, value: "payer 0xabc" });
    const shared = await verifyOnce(world.stores[1], world.payment, mustNotRun);
    expect(shared).toEqual({ ok: true, ran: false, value: "payer 0xabc" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await verifyOnce(world.stores[1], world.payment, mustNotRun)).toEqual({ ok: true, ran: false });
  });

  it("tells everyone that a payment was used", async () => {
    const used: Verify = async () => ({ ok: false, reason: "nonce used", used: true });
    const told = { ok: false, reason: "nonce used", used: true };
    expect(await verifyOnce(world.stores[0], world.payment, used)).toEqual({ ...told, ran: true });
    expect(await verifyOnce(world.stores[1], world.payment, mustNotRun)).toEqual({ ...told, ran: false });
  });

  it("cannot be told so by a verifier's text", async () => {
    const tricky: Verify = async () => ({ ok: false, reason: "\u0001used not at all" });
    const told = { ok: false, reason: "not at all" };
    expect(await verifyOnce(world.stores[0], world.payment, tricky)).toEqual({ ...told, ran: true });
    expect(await verifyOnce(world.stores[1], world.payment, mustNotRun)).toEqual({ ...told, ran: false });
  });

  it("throws where the verifier cannot tell yet, remembers nothing, and lets the next one run its own", async () => {
    const answer = deferred<{ later: true }>();
    const first = verifyOnce(world.stores[0], world.payment, () => answer.promise);
    const refused = expect(first).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
    await vi.advanceTimersByTimeAsync(10);
    const second = verifyOnce(world.stores[1], world.payment, yes);
    answer.resolve({ later: true });
    await refused;
    expect(await passing(500, second)).toEqual({ ok: true, ran: true });
  });

  it("tells so also where the store takes no release", async () => {
    const deaf = intercepted(world.stores[0], ({ method, apply }) =>
      method === "release" ? Promise.reject(lostReply()) : apply(),
    );
    const later: Verify = async () => ({ later: true });
    await expect(verifyOnce(deaf, world.payment, later)).rejects.toThrow(/cannot tell yet/);
    const broken: Verify = () => Promise.reject(new Error("broken"));
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(verifyOnce(deaf, world.payment, broken)).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([undefined, "yes", { ok: "false" }, { ok: true, value: 7 }, { later: true, ok: false, reason: "no" }])(
    "takes no answer that is not clear: %j",
    async (answer) => {
      const loose: Verify = async () => JSON.parse(JSON.stringify({ answer })).answer;
      await expect(verifyOnce(world.stores[0], world.payment, loose)).rejects.toThrow(/^verify must answer/);
      expect(await verifyOnce(world.stores[1], world.payment, yes)).toEqual({ ok: true, ran: true });
    },
  );

  it("throws for a value that the store cannot take, and frees the payload", async () => {
    const large: Verify = async () => ({ ok: true, value: "x".repeat(70_000) });
    const refused = verifyOnce(world.stores[0], world.payment, large);
    await expect(refused).rejects.toMatchObject({ code: "STORE_VALUE_TOO_LARGE" });
    expect(await verifyOnce(world.stores[1], world.payment, yes, { leaseMs })).toEqual({ ok: true, ran: true });
  });

  it("keeps a rejection whose reason the store cannot take without it, used as it is", async () => {
    const small = createVerificationStore(world.port, { maxValueBytes: 10 });
    for (const used of [false, true]) {
      const payment = { payloadHash: `payload, used: ${used}`, fingerprint: "f" };
      const refusing: Verify = async () => ({ ok: false, reason: "the signature is bad", used });
      const told = await verifyOnce(small, payment, refusing);
      expect(told).toMatchObject({ ok: false, reason: "the signature is bad", ...(used && { used }) });
      const shared = await verifyOnce(small, payment, mustNotRun);
      expect(shared).toMatchObject({ ok: false, reason: "", ran: false, ...(used && { used }) });
    }
  });

  it("does not begin for a caller who has left", async () => {
    const gone = new Error("gone");
    const left = verifyOnce(world.stores[0], world.payment, mustNotRun, { signal: AbortSignal.abort(gone) });
    await expect(left).rejects.toBe(gone);
    expect(world.port.records.size).toBe(0);
  });
});
