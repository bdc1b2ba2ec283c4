// The names are those that payOnce uses, so that a look beside it finds what it wrote.
import { expect, it } from "vitest";
import { mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { payOnce } from "./pay-once.ts";
import { boundPayload, firstVerification, paymentRecord, verificationAfter } from "./payment-records.ts";
import { saysUsed } from "./shared-verification.ts";
import { verifyOnce } from "./verify-once.ts";

const payment = {
  key: "a payment",
  payloadHash: "its payload",
  fingerprint: "what it buys",
  validUntilMs: Date.now() + 60_000,
};

it("payOnce verifies and claims under the names, and the record shows the payload that it is bound to", async () => {
  const store = createVerificationStore(mapPort());
  const verifications: string[] = [];
  const steps = {
    verify: async () => {
      verifications.push((await store.peek(firstVerification(payment))).status);
      return { ok: true } as const;
    },
    serve: async () => "made",
    settle: async () => ({ ok: true, receipt: "0x1" }) as const,
    findSettlement: async () => "unknown" as const,
  };
  expect(await payOnce(store, payment, steps)).toMatchObject({ status: "paid", fresh: true });
  expect(verifications).toEqual(["in-progress"]);
  const look = await store.peek(paymentRecord(payment.key));
  expect(look).toMatchObject({ status: "delivered", payload: boundPayload(payment.payloadHash) });
});

it("a payment whose settlement was refused is verified under the first name before it is claimed again", async () => {
  const store = createVerificationStore(mapPort());
  const order: string[] = [];
  const noting = {
    ...store,
    claim: (...given: Parameters<typeof store.claim>) => {
      if (typeof given[0] === "string") order.push(given[0]);
      return store.claim(...given);
    },
  };
  const attempt = (payloadHash: string, ok: boolean) =>
    payOnce(
      noting,
      { ...payment, payloadHash },
      {
        verify: async () => ({ ok: true }),
        serve: async () => "made",
        settle: async () => (ok ? { ok, receipt: "0x1" } : { ok, reason: "refused" }),
        findSettlement: async () => "unknown" as const,
      },
    );
  expect(await attempt("one signature", false)).toMatchObject({ status: "rejected" });
  order.length = 0;
  expect(await attempt("another signature", true)).toMatchObject({ status: "paid" });
  const another = { ...payment, payloadHash: "another signature" };
  expect(order).toEqual([firstVerification(another), paymentRecord(payment.key), verificationAfter(another, 1)]);
});

it.each([true, false])("a rejected verification shows whether its payment was used: %s", async (used) => {
  const store = createVerificationStore(mapPort());
  await verifyOnce(store, payment, async () => ({ ok: false, reason: "used before", used }));
  const look = await store.peek(firstVerification(payment));
  expect(look.status === "done" && [look.outcome, saysUsed(look.value)]).toEqual(["rejected", used]);
});
