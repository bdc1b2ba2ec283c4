// What the store knows of a payment, for decisions that must not be made against one that is under way.
import { createHash } from "node:crypto";
import type { Look, Payment, Stores } from "@tollbooth-stores/core";

type Verifications = Pick<Stores, "verifications">;

function look({ verifications }: Verifications, paymentKey: string): Promise<Look> {
  return verifications.peek(`p:${paymentKey}`);
}

/**
 * - "nothing": never presented, or freed again.
 * - "claimed": an attempt has it in hand, or died before anything moved.
 * - "open": in doubt, or settled and not delivered.
 * - "delivered": settled and delivered.
 * - "ended": it never settled, and never will.
 */
export async function knownAs(
  stores: Verifications,
  paymentKey: string,
): Promise<"nothing" | "claimed" | "open" | "delivered" | "ended"> {
  const { status } = await look(stores, paymentKey);
  switch (status) {
    case "absent":
      return "nothing";
    case "in-progress":
      return "claimed";
    case "unknown":
    case "settled":
      return "open";
    case "delivered":
      return "delivered";
    default:
      return "ended";
  }
}

/** Money may move for it, or has moved: its payer must not be told that nothing was charged. */
export async function mayBeCharged(stores: Verifications, paymentKey: string): Promise<boolean> {
  const known = await knownAs(stores, paymentKey);
  return known !== "nothing" && known !== "ended";
}

/** Whether an attempt has claimed the payment with this exact payload: it was accepted then, and the record is bound to it. */
export async function isBoundTo(
  stores: Verifications,
  { key, payloadHash }: Pick<Payment, "key" | "payloadHash">,
): Promise<boolean> {
  const { payload } = await look(stores, key);
  return payload === createHash("sha256").update(payloadHash).digest("base64url");
}
