// A handler runs once in a call, whatever becomes of its lease.
import type { VerificationStore } from "@tollbooth-stores/core";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { AlreadyRan, handlerRun, NotSold } from "./handler-run.ts";
import { ask, handler, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

test("a handler whose lease was lost does not run a second time", async () => {
  const serve = handler();
  const run = handlerRun(serve, { key: "k", payer: undefined }, undefined);
  const step = { signal: new AbortController().signal, fence: "1" };
  await run.serve(step);
  await expect(run.serve(step)).rejects.toBeInstanceOf(AlreadyRan);
  expect(serve).toHaveBeenCalledTimes(1);
});

test("an answer of 399 is sold, and one of 400 is not", async () => {
  const step = { signal: new AbortController().signal, fence: "1" };
  const runOf = (status: number) => handlerRun(handler({ status }), { key: "k", payer: undefined }, undefined);
  await expect(runOf(399).serve(step)).resolves.toMatchObject({ status: 399 });
  await expect(runOf(400).serve(step)).rejects.toBeInstanceOf(NotSold);
});

test("its call is 503, not reported as an error, and the same payment is sold at the next try", async () => {
  const leaseMs = 60;
  const { verifications } = shop.stores;
  const store: VerificationStore = {
    ...verifications,
    async renew(name, lease, ms, options) {
      if (options?.onLeaseExpiry !== undefined) return verifications.renew(name, lease, ms, options);
      shop.clock.advance(leaseMs);
      return { status: "lost", current: "in-progress" };
    },
  };
  const request = requestTo("/quote", paymentHeader((await makePayment(await shop.controls.payer())).payload));
  const slow = handler(
    () => new Promise((done) => setTimeout(done, 50, { status: 200, headers: {}, body: new Uint8Array() })),
  );
  const told = await ask(shop.gate(undefined, { leaseMs, store }), slow, request);
  expect([told?.status, told?.error, slow.mock.calls.length]).toEqual([503, "settlement_pending", 1]);
  expect((await ask(shop.gate(), handler(), request))?.status).toBe(200);
  expect(shop.controls.counts().transfers).toBe(1);
});
