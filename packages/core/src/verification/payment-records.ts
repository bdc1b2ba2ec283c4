// The names of a payment's records, and what binds them: for payOnce, and for gates that look at a payment beside it.
import { sha256 } from "../hashing.ts";
import type { Payment } from "./payment.ts";
import { sharedRecordOf } from "./shared-verification.ts";

/** The name of a payment's record. */
export function paymentRecord(paymentKey: string): string {
  return `p:${paymentKey}`;
}

/**
 * The name of a payload's first verification. Every attempt asks for it before it claims the payment, after refused settlements
 * too. Only an attempt that holds the payment's record verifies again.
 */
export function firstVerification(payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">): string {
  return verificationAfter(payment, 0);
}

/** The name of a payload's verification after so many refused settlements. Of those before it each had accepted the payload. */
export function verificationAfter(
  payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">,
  refusals: number,
): string {
  return sharedRecordOf(payment, refusals).key;
}

/** As `peek` shows the payload that a payment's record is bound to. */
export function boundPayload(payloadHash: string): string {
  return sha256(payloadHash);
}
