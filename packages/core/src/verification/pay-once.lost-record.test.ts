// A store that loses a payment's record before its settlement is recorded; and payments that never reach a store.
import { expect, it, vi } from "vitest";
import { mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { day, intercepted, orders, paymentWorld, sellerOf } from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";

const world = paymentWorld();

it.each(orders)(
  "the settlement says all that the record must, so that it is remembered for its purchase and its time (%s)",
  async (order) => {
    const emptied = createVerificationStore(mapPort());
    const losing = intercepted(world.stores[0], ({ method, given, apply }) =>
      method === "settle" || method === "deliver"
        ? Reflect.apply(Reflect.get(emptied, method), emptied, given)
        : apply(),
    );
    const payment = { ...world.payment, validUntilMs: Date.now() + 20 * day };
    const seller = sellerOf(world);
    expect(await payOnce(losing, payment, seller, { order })).toMatchObject({ status: "paid", fresh: true });
    await vi.advanceTimersByTimeAsync(19 * day);
    expect(await payOnce(emptied, payment, seller, { order })).toMatchObject({ status: "paid", fresh: false });
    const ofAnother = { ...payment, fingerprint: "another purchase" };
    expect(await payOnce(emptied, ofAnother, seller, { order })).toMatchObject({ status: "conflict" });
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  },
);

it("a caller that has gone, or a reference of half a character, asks nothing of the store", async () => {
  let calls = 0;
  const store = intercepted(world.stores[0], ({ apply }) => {
    calls += 1;
    return apply();
  });
  const gone = new Error("The caller has gone.");
  const signal = AbortSignal.abort(gone);
  await expect(payOnce(store, world.payment, sellerOf(world), { signal })).rejects.toBe(gone);
  const half = { ...world.payment, reference: "\ud800" };
  const wrong = { code: "STORE_INVALID_ARGUMENT", message: expect.stringContaining("payment.reference") };
  await expect(payOnce(store, half, sellerOf(world))).rejects.toMatchObject(wrong);
  expect([calls, world.ledger.verifies]).toEqual([0, 0]);
});
