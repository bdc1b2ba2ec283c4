// How often a payment in doubt is settled again and looked up, however often its payer sends it.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { expect, test, vi } from "vitest";
import { ask, handler, network, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

test("a payment in doubt is asked about once a second, over all instances; its copies are 503, and reconcile asks at once", async () => {
  const settle = vi.spyOn(shop.facilitator, "settle").mockRejectedValue(new Error("no reply"));
  const findSettlement = vi.fn(shop.findSettlement);
  const gates = [shop.gate(undefined, { findSettlement }), shop.gate(undefined, { findSettlement })];
  const request = requestTo("/quote", paymentHeader((await makePayment(await shop.controls.payer())).payload));
  const serve = handler();
  const asked = (times: number) =>
    Promise.all(Array.from({ length: times }, (_, index) => ask(gates[index % 2] ?? shop.gate(), serve, request)));
  const told = { status: 503, headers: { "retry-after": "1" } };
  expect(await asked(1)).toMatchObject([told]);
  for (let time = 0; time < 3; time += 1) expect(await asked(2)).toMatchObject([told, told]);
  expect(settle).toHaveBeenCalledTimes(2);
  shop.clock.advance(1_000);
  expect(await asked(8)).toMatchObject(Array.from({ length: 8 }, () => told));
  expect(settle).toHaveBeenCalledTimes(3);
  settle.mockRestore();
  findSettlement.mockClear();
  expect(await asked(1)).toMatchObject([told]);
  expect(findSettlement).not.toHaveBeenCalled();
  await gates[0]?.reconcile();
  expect(findSettlement).toHaveBeenCalledTimes(1);
  shop.clock.advance(1_000);
  expect(await asked(1)).toMatchObject([{ status: 200 }]);
  expect(shop.controls.counts().transfers).toBe(1);
});

test("a payment in doubt is finished on a store that takes no new record", async () => {
  const store = shop.stores.verifications;
  const full: typeof store = {
    ...store,
    claim: (...asked) =>
      String(asked[0]).startsWith("ask:") ? Promise.reject(new Error("no room")) : store.claim(...asked),
  };
  vi.spyOn(shop.facilitator, "settle").mockRejectedValueOnce(new Error("no reply"));
  const gate = shop.gate(undefined, { store: full });
  const request = requestTo("/quote", paymentHeader((await makePayment(await shop.controls.payer())).payload));
  expect(await ask(gate, handler(), request)).toMatchObject({ status: 503 });
  expect(await ask(gate, handler(), request)).toMatchObject({ status: 200 });
});

test("a payment whose refusal was told is not settled again while that lasts, though the store lost that it is free", async () => {
  const store = shop.stores.verifications;
  const losing: typeof store = {
    ...store,
    release: async (key, lease, options) =>
      options?.refused === true ? { status: "ok" } : store.release(key, lease, options),
  };
  const answer = { success: false, transaction: "", network, errorReason: "invalid_exact_evm_insufficient_balance" };
  await shop.controls.fault({ on: "settle", fail: "before", answer, times: 1 });
  const gate = shop.gate(undefined, { store: losing, leaseMs: 3_000 });
  const request = requestTo("/quote", paymentHeader((await makePayment(await shop.controls.payer())).payload));
  expect(await ask(gate, handler(), request)).toMatchObject({ status: 402 });
  shop.clock.advance(3_100);
  expect(await ask(gate, handler(), request)).toMatchObject({ status: 503 });
  expect(shop.controls.counts().transfers).toBe(0);
  shop.clock.advance(6_901);
  expect(await ask(gate, handler(), request)).toMatchObject({ status: 200 });
  expect(shop.controls.counts().transfers).toBe(1);
});
