// What the store knows of a payment, for decisions that must not be made against one that is under way.
import type { Look, Stores } from "@tollbooth-stores/core";

function look({ verifications }: Pick<Stores, "verifications">, paymentKey: string): Promise<Look> {
  return verifications.peek(`p:${paymentKey}`);
}

/** It has been presented, and was not freed again. */
export async function isKnown(stores: Pick<Stores, "verifications">, paymentKey: string): Promise<boolean> {
  return (await look(stores, paymentKey)).status !== "absent";
}

/** Somebody has it in hand, or it is in doubt, or settled and not delivered: its payer was told to send it again. */
export async function isUnderWay(stores: Pick<Stores, "verifications">, paymentKey: string): Promise<boolean> {
  const { status } = await look(stores, paymentKey);
  return status === "in-progress" || status === "unknown" || status === "settled";
}
