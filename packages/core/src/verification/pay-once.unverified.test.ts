// A payload that was accepted goes on where its verification is gone and cannot be made again; no other one does.
import { describe, expect, it } from "vitest";
import { passing, paymentWorld, sellerOf } from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) =>
  sellerOf(world, { findSettlement: async () => "unknown", ...more });

const unverifiable: [string, Partial<PaymentSteps<string>>][] = [
  ["throws", { verify: () => Promise.reject(new Error("the verifier is away")) }],
  ["cannot tell", { verify: async () => ({ later: true }) }],
  ["refuses", { verify: async () => ({ ok: false, reason: "nonce used" }) }],
];

describe.each(unverifiable)(
  "an accepted payload whose verification is lost, where the verifier %s",
  (how, verifier) => {
    it.each(["settled", "delivered", "unknown", "in-progress"])("goes on: its payment is %s", async (state) => {
      await payOnce(world.stores[0], world.payment, seller({ settle: () => Promise.reject(new Error("died")) }));
      if (state !== "unknown") await world.stores[0].settle("p:payment", { receipt: "tx" });
      if (state === "delivered") await payOnce(world.stores[0], world.payment, seller());
      const bound = { token: "t", fingerprint: world.payment.fingerprint, payment: { payload: "payload" } };
      if (state === "in-progress") {
        await world.stores[0].claim("p:payment", { ...bound, leaseMs: 100, onLeaseExpiry: "retry", retainUntilMs: 0 });
      }
      for (const [key, { body }] of world.port.records) {
        if (JSON.stringify(body).includes('"accepted"')) world.port.put(key, { endsAtMs: 0, body: null });
      }
      const paid = await passing(1_000, payOnce(world.stores[1], world.payment, seller(verifier)));
      // Refused while another caller is at work: that one knows more, and the answer is near.
      const open = state === "unknown" || (state === "in-progress" && how === "refuses");
      if (open) expect(paid).toMatchObject({ status: "pending" });
      else expect(paid).toMatchObject({ status: "paid", fresh: state !== "delivered", receipt: "tx" });
    });

    it("is told so where the payment is another's, expired, or free", async () => {
      const told = () => payOnce(world.stores[1], world.payment, seller(verifier)).catch((error: unknown) => error);
      const first = await told();
      await payOnce(world.stores[0], { ...world.payment, payloadHash: "another" }, seller());
      const second = await told();
      if (how === "refuses") expect([first, second]).toMatchObject([{ status: "rejected" }, { status: "conflict" }]);
      else expect(second).toEqual(first);
    });
  },
);
