// A handler's own signal: it also ends where its answer is refused.
import { joinSignals } from "@tollbooth-stores/core/native";
import type { PaymentInHand } from "./payment-in-hand.ts";

/**
 * Calls `make` with the payment, whose `signal` aborts as the gate's does, and as soon as `make` rejects: where the answer has too many
 * bytes, say. What a handler still does for it then is for nothing.
 */
export async function withOwnSignal<T>(
  payment: PaymentInHand,
  make: (payment: PaymentInHand) => Promise<T>,
): Promise<T> {
  const own = joinSignals([payment.signal]);
  try {
    return await make({ ...payment, signal: own.signal });
  } catch (error) {
    own.abort(error);
    throw error;
  } finally {
    own.letGo();
  }
}
