// A refusal for all copies lasts long enough after each time it is told.
import { type VerificationStore, verifyOnce } from "@tollbooth-stores/core";
import { verificationAfter } from "@tollbooth-stores/core/native";
import { manualClock } from "@tollbooth-stores/core/testing";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { beforeEach, expect, test, vi } from "vitest";
import { lastVerificationOf, verificationOf } from "./payment-record.ts";
import { nearlyOverIn, refuseCopies } from "./refuse-copies.ts";

const clock = manualClock();
const payment = { key: "key", payloadHash: "payload", fingerprint: "purchase" };
const verifying = { fingerprint: "purchase", leaseMs: 1_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
let store: VerificationStore;
beforeEach(() => {
  store = createMemoryStores({ clock }).verifications;
});

const refuse = (through: VerificationStore = store, of = payment) => refuseCopies(through, of, { leaseMs: 300 });

test.each(["purchase", "another purchase"])(
  "one of %s that is nearly over is not told again, and begins anew once it is over",
  async (fingerprint) => {
    expect(await refuse(store, { ...payment, fingerprint })).toEqual({ status: "refused" });
    clock.advance(1_000);
    expect(await refuse()).toEqual({ status: "refused" });
    clock.advance(1);
    expect(await refuse()).toEqual({ status: "nearly-over", retryAfterMs: 8_999 });
    clock.advance(8_998);
    expect(await refuse()).toEqual({ status: "nearly-over", retryAfterMs: 1 });
    clock.advance(1);
    expect(await refuse()).toEqual({ status: "refused" });
    expect(await verificationOf(store, payment)).toMatchObject({ status: "rejected", expiresInMs: 10_000 });
  },
);

test("one that ends between two looks is begun anew, not taken for one that lasts", async () => {
  let looked = false;
  const slow: VerificationStore = {
    ...store,
    async peek(name) {
      const look = await store.peek(name);
      if (!looked) {
        looked = true;
        await refuse();
      }
      return look;
    },
    async claim(...given) {
      const claim = await store.claim(...given);
      if (claim.status === "done") clock.advance(10_000);
      return claim;
    },
  };
  expect(await refuse(slow)).toEqual({ status: "refused" });
  expect(await verificationOf(store, payment)).toMatchObject({ status: "rejected", expiresInMs: 10_000 });
});

test("an earlier refusal is told again only while its rejection stands, and for nine seconds more", async () => {
  // Its rejection may have ended since it was read: a copy may be accepted by now.
  expect(await nearlyOverIn(store, payment)).toBe(1_000);
  await refuse();
  expect(await nearlyOverIn(store, payment)).toBe(undefined);
  clock.advance(1_001);
  expect(await nearlyOverIn(store, payment)).toBe(8_999);
});

test("a verification that runs is waited for once, and is open then", async () => {
  const wait = vi.fn(store.wait);
  let end: () => void = () => undefined;
  const held = new Promise<{ later: true }>((resolve) => {
    end = () => resolve({ later: true });
  });
  const verifying = verifyOnce(store, payment, () => held).catch(() => undefined);
  expect(await refuse({ ...store, wait })).toEqual({ status: "open" });
  expect(wait).toHaveBeenCalledTimes(1);
  end();
  await verifying;
});

test("a verification whose instance died is refused in its place once its lease is over", async () => {
  const never = () => new Promise<never>(() => undefined);
  const dying = { ...store, complete: never, renew: never };
  void verifyOnce(dying, payment, async () => ({ ok: true }), { leaseMs: 1_000 });
  await vi.waitFor(async () => expect(await verificationOf(store, payment)).toEqual({ status: "running" }));
  clock.advance(999);
  expect(await verificationOf(store, payment)).toEqual({ status: "running" });
  clock.advance(1);
  expect(await refuse()).toEqual({ status: "refused" });
});

test("the verification after many refused settlements is found in a few looks", async () => {
  for (let refusals = 0; refusals < 1_000; refusals += 1) {
    const name = verificationAfter(payment, refusals);
    const claim = await store.claim(name, { ...verifying, token: String(refusals) });
    if (claim.status !== "claimed") throw new Error(claim.status);
    await store.complete(name, claim.lease, { outcome: "accepted", value: "", retainUntilMs: 0 });
  }
  const peek = vi.fn(store.peek);
  expect(await lastVerificationOf({ ...store, peek }, payment)).toEqual({ status: "absent" });
  expect(peek.mock.lastCall?.[0]).toBe(verificationAfter(payment, 1_000));
  expect(peek.mock.calls.length).toBeLessThan(60);
});
