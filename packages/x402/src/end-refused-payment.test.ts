// A payment whose settlement was refused is ended for good, and no other one is.
import { createHash, randomUUID } from "node:crypto";
import type { Payment, VerificationStore } from "@tollbooth-stores/core";
import { paymentRecord } from "@tollbooth-stores/core/native";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { endRefusedPayment } from "./end-refused-payment.ts";

const payment: Payment = {
  key: "0xpayer:7",
  fingerprint: "quote",
  payloadHash: createHash("sha256").update("signed").digest("hex"),
  validUntilMs: Date.now() + 60_000,
};
const name = paymentRecord(payment.key);

const claimIn = (store: VerificationStore, leaseMs = 5_000) =>
  store.claim(name, {
    token: randomUUID(),
    fingerprint: payment.fingerprint,
    leaseMs,
    onLeaseExpiry: "retry",
    retainUntilMs: payment.validUntilMs,
    payment: { payload: payment.payloadHash },
  });

async function refusedIn(store: VerificationStore): Promise<void> {
  const claim = await claimIn(store);
  if (claim.status !== "claimed") throw new Error(`It is ${claim.status}.`);
  await store.release(name, claim.lease, { refused: true });
}

test("one whose settlement was refused is ended", async () => {
  const store = createMemoryStores().verifications;
  await refusedIn(store);
  expect(await endRefusedPayment(store, payment, 5_000)).toBe(true);
  expect(await claimIn(store)).toMatchObject({ status: "expired" });
});

test("one that was never refused is free as before", async () => {
  const store = createMemoryStores().verifications;
  expect(await endRefusedPayment(store, payment, 5_000)).toBe(false);
  expect(await claimIn(store)).toMatchObject({ status: "claimed" });
});

test("one that another attempt holds stays that one's", async () => {
  const store = createMemoryStores().verifications;
  await refusedIn(store);
  const held = await claimIn(store);
  expect(await endRefusedPayment(store, payment, 5_000)).toBe(false);
  if (held.status !== "claimed") throw new Error(`It is ${held.status}.`);
  expect(await store.renew(name, held.lease, 5_000)).toEqual({ status: "ok" });
});

test("one that is owed stays owed, and may be delivered at once; while it is being delivered nothing changes", async () => {
  const store = createMemoryStores().verifications;
  await refusedIn(store);
  await store.settle(name, { receipt: "receipt", fingerprint: payment.fingerprint });
  expect(await endRefusedPayment(store, payment, 5_000)).toBe(false);
  const owed = await claimIn(store);
  expect(owed).toMatchObject({ status: "settled", lease: expect.anything() });
  expect(await endRefusedPayment(store, payment, 5_000)).toBe(false);
  expect(await store.deliver(name, { token: "one" })).toMatchObject({ status: "delivered", byYou: true });
});

test("one that could not be ended, as its lease was over meanwhile, is not told as ended", async () => {
  const stores = createMemoryStores();
  await refusedIn(stores.verifications);
  const late: VerificationStore = Object.assign(Object.create(stores.verifications), {
    expire: async () => ({ status: "lost", current: "in-progress" }) as const,
  });
  expect(await endRefusedPayment(late, payment, 5_000)).toBe(false);
});
