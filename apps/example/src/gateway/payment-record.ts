// What the store knows of a payment, for decisions that must not be made against one that is under way.
import { createHash } from "node:crypto";
import type { Look, Payment, Stores } from "@tollbooth-stores/core";

type Verifications = Pick<Stores, "verifications">;

function look({ verifications }: Verifications, paymentKey: string): Promise<Look> {
  return verifications.peek(`p:${paymentKey}`);
}

/**
 * "nothing": never presented, or freed again. "under-way": somebody has it in hand, or it is in doubt, or settled and not
 * delivered: its payer was told to send it again. "ended": it never settled, and never will.
 */
export async function knownAs(
  stores: Verifications,
  paymentKey: string,
): Promise<"nothing" | "under-way" | "delivered" | "ended"> {
  const { status } = await look(stores, paymentKey);
  switch (status) {
    case "absent":
      return "nothing";
    case "in-progress":
    case "unknown":
    case "settled":
      return "under-way";
    case "delivered":
      return "delivered";
    default:
      return "ended";
  }
}

/** Money moves for it, or has moved: its payer must not be told that nothing was charged. */
export async function mayBeCharged(stores: Verifications, paymentKey: string): Promise<boolean> {
  const known = await knownAs(stores, paymentKey);
  return known === "under-way" || known === "delivered";
}

/** Somebody began to work on these very bytes: they were good then, and are bound to the record. */
export async function isBoundTo(
  stores: Verifications,
  { key, payloadHash }: Pick<Payment, "key" | "payloadHash">,
): Promise<boolean> {
  const { payload } = await look(stores, key);
  return payload === createHash("sha256").update(payloadHash).digest("base64url");
}
