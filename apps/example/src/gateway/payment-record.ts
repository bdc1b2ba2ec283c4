// What the store knows of a payment, for decisions that must not be made against one that is under way.
import { createHash } from "node:crypto";
import type { Look, Payment, Stores } from "@tollbooth-stores/core";

function look({ verifications }: Pick<Stores, "verifications">, paymentKey: string): Promise<Look> {
  return verifications.peek(`p:${paymentKey}`);
}

/** It has been presented, and was not freed again. */
export async function isKnown(stores: Pick<Stores, "verifications">, paymentKey: string): Promise<boolean> {
  return (await look(stores, paymentKey)).status !== "absent";
}

/** Somebody began to work on these very bytes: they were good then, and are bound to the record. */
export async function isBoundTo(
  stores: Pick<Stores, "verifications">,
  { key, payloadHash }: Pick<Payment, "key" | "payloadHash">,
): Promise<boolean> {
  const { payload } = await look(stores, key);
  return payload === createHash("sha256").update(payloadHash).digest("base64url");
}

/** Somebody has it in hand, or it is in doubt, or settled and not delivered: its payer was told to send it again. */
export async function isUnderWay(stores: Pick<Stores, "verifications">, paymentKey: string): Promise<boolean> {
  const { status } = await look(stores, paymentKey);
  return status === "in-progress" || status === "unknown" || status === "settled";
}
