// What the store knows of a payment, for decisions that must not be made against one that is under way.
import { type CallOptions, type Look, type Payment, type VerificationStore, verifyOnce } from "@tollbooth-stores/core";
import { boundPayload, paymentRecord, saysUsed, verificationAfter } from "@tollbooth-stores/core/native";
import type { PaymentPayload } from "@x402/core/types";
import { identifyPayment } from "./identify-payment.ts";

/** "absent": never presented, or freed again. */
export function look(store: VerificationStore, paymentKey: string): Promise<Look> {
  return store.peek(paymentRecord(paymentKey));
}

/** Ended for good without a settlement. */
export async function isEnded(store: VerificationStore, paymentKey: string): Promise<boolean> {
  return (await look(store, paymentKey)).status === "expired";
}

/** Money may move for it, or has moved: its payer must not be told that nothing was charged. */
export async function mayBeCharged(store: VerificationStore, paymentKey: string): Promise<boolean> {
  const { status } = await look(store, paymentKey);
  return status !== "absent" && status !== "expired";
}

export type PayloadVerification =
  /** It has not begun, its verifier could not tell, its rejection is over, or its instance died with it. */
  | { readonly status: "absent" }
  | { readonly status: "running" }
  /** An attempt may be about to claim the payment, at a price that its route asks no more. */
  | { readonly status: "accepted" }
  /** No copy is accepted for `expiresInMs`. `used`: the payment had been settled before. */
  | { readonly status: "rejected"; readonly used: boolean; readonly expiresInMs: number };

/** Of a payment's first verification, or of that after so many refused settlements, whatever it was presented for. */
export async function verificationOf(
  store: VerificationStore,
  payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">,
  refusals = 0,
): Promise<PayloadVerification> {
  const verification = await store.peek(verificationAfter(payment, refusals));
  switch (verification.status) {
    case "absent":
      return { status: "absent" };
    case "in-progress":
      // Free to take: its lease is over.
      return { status: verification.retryAfterMs === 0 ? "absent" : "running" };
    case "done": {
      const { outcome, value, expiresInMs } = verification;
      return outcome === "accepted"
        ? { status: "accepted" }
        : { status: "rejected", used: saysUsed(value), expiresInMs };
    }
    default:
      return { status: "accepted" };
  }
}

/** Of the verification that decides about the next attempt: each one before it accepted the payload, and a settlement was refused. */
export async function lastVerificationOf(
  store: VerificationStore,
  payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">,
): Promise<PayloadVerification> {
  let accepted = -1;
  // A payment may have been refused a thousand times. So longer and longer steps are taken, and short ones again after one that was too long.
  for (let step = 1; ; ) {
    const verification = await verificationOf(store, payment, accepted + step);
    if (verification.status === "accepted") {
      accepted += step;
      step *= 2;
    } else if (step === 1) return verification;
    else step = 1;
  }
}

/**
 * Why a payment conflicts. "used": it was used, or was accepted for something else. Else nothing of it was accepted, and it may be
 * judged by itself in `retryAfterMs`: it was rejected where it was presented for something else, or ("open") is being verified there.
 */
export async function conflictOf(
  store: VerificationStore,
  payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">,
): Promise<{ status: "used" } | { status: "rejected" | "open"; retryAfterMs: number }> {
  if ((await look(store, payment.key)).status !== "absent") return { status: "used" };
  const verification = await verificationOf(store, payment);
  switch (verification.status) {
    case "absent":
    case "running":
      return { status: "open", retryAfterMs: 1_000 };
    case "accepted":
      return { status: "used" };
    case "rejected":
      return verification.used ? { status: "used" } : { status: "rejected", retryAfterMs: verification.expiresInMs };
  }
}

/**
 * Of a request that came with `payload`, whatever its route asks for today. "unfinished": under way, in doubt, or charged and not
 * handed over. With this exact payload, which a verification has accepted: the nonce alone is public on its chain.
 */
export async function stageOf(
  store: VerificationStore,
  { accepted, payload }: PaymentPayload,
  options?: CallOptions,
): Promise<"none" | "unfinished" | "delivered"> {
  const identity = identifyPayment(payload, accepted);
  if (identity.status !== "identified") return "none";
  const found = await store.peek(paymentRecord(identity.key), options);
  if (found.payload !== boundPayload(identity.payloadHash)) return "none";
  switch (found.status) {
    case "in-progress":
    case "unknown":
    case "settled":
      return "unfinished";
    case "delivered":
      return "delivered";
    default:
      return "none";
  }
}

/** How long an acceptance that is being recorded is waited for. */
const RECORDING_MS = 1_000;

/**
 * Whether a payment that is under way, in doubt or charged was accepted for this very purchase. True also where its verification is no
 * longer remembered. Throws STORE_UNAVAILABLE where that is not recorded yet.
 */
export async function isForPurchase(
  store: VerificationStore,
  payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">,
  { signal }: CallOptions = {},
): Promise<boolean> {
  let isForgotten = false;
  const verify = async () => {
    isForgotten = true;
    return { later: true } as const;
  };
  try {
    return (await verifyOnce(store, payment, verify, { waitMs: RECORDING_MS, signal })).ok;
  } catch (error) {
    if (isForgotten) return true;
    throw error;
  }
}

/**
 * Whether an attempt has claimed the payment with this exact payload, priced by the same: it was accepted then, and the record is bound
 * to it.
 */
export async function isBoundTo(
  store: VerificationStore,
  { key, payloadHash, pricedBy: mine }: Pick<Payment, "key" | "payloadHash" | "pricedBy">,
): Promise<boolean> {
  const { payload, pricedBy } = await look(store, key);
  return payload === boundPayload(payloadHash) && pricedBy === mine;
}
