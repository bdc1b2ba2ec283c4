// What a resolution by hand would record of a payment, and what its payer would see next; or why it is refused.
import type { Resolution, Unresolved } from "@tollbooth-stores/core";

/** A payment as it is before a resolution. Holds no signature and no result. */
export interface FoundPayment extends Partial<Pick<Unresolved, "attempt" | "reference" | "evidence">> {
  handle: string;
  /**
   * - "in-doubt", "owed", "held": as `payments list` shows them.
   * - "delivered", "expired": ended, so that the list has it no more.
   * - "under-way": an attempt works on it, or the next one may begin; nothing is in doubt.
   */
  kind: Unresolved["kind"] | "delivered" | "expired" | "under-way";
  /** When that began: Unix epoch milliseconds. Undefined where the list does not have it. */
  atMs?: number;
  /** The receipt on record; of a payment that is owed or delivered. */
  receipt?: string;
  /** Why it ended without a settlement; of one that is expired. */
  reason?: string;
}

/** Why nothing is recorded. */
export type RefusalCode =
  | "UNKNOWN_HANDLE"
  | "UNDER_WAY"
  | "NOT_SETTLED"
  | "ALREADY_SETTLED"
  | "ANOTHER_RECEIPT"
  | "NO_TRANSACTION";

/** Nothing is recorded, for this reason. */
export interface Refused {
  status: "refused";
  code: RefusalCode;
  message: string;
}

/** What comes of a resolution. */
export type ResolutionPlan =
  /** `recorded`: the written outcome. `next`: what the payer sees from then on. */
  | { status: "write"; recorded: string; next: string }
  /** It is on record already: nothing is written. */
  | { status: "already"; message: string }
  | Refused;

const refusals: Record<RefusalCode, string> = {
  UNKNOWN_HANDLE: "unknown handle: payments list names those that can be resolved",
  UNDER_WAY: "not possible now: an attempt holds the payment, or may begin; list it again",
  NOT_SETTLED:
    "no receipt is on record, so there is nothing to deliver: look on the chain, then use --receipt or --none",
  ALREADY_SETTLED: "it is settled already, so that it cannot end without a settlement: serve it or refund it",
  ANOTHER_RECEIPT: "another receipt is on record, and stays: compare the two with the chain",
  NO_TRANSACTION: "no receipt: on this chain it is a transaction's hash, 0x and 64 hex digits",
};

/** The refusal with the words for its code. */
export function refused(code: RefusalCode): Refused {
  return { status: "refused", code, message: refusals[code] };
}

/** Pure. The store decides again when it is written, because the payment may have moved on by then. */
export function planResolution(payment: FoundPayment, resolution: Resolution, nowMs: number): ResolutionPlan {
  if (payment.kind === "under-way") return refused("UNDER_WAY");
  if ("receipt" in resolution) return planReceipt(payment, resolution.receipt);
  return "none" in resolution ? planNone(payment, resolution.none, nowMs) : planDelivery(payment);
}

function planReceipt(payment: FoundPayment, receipt: string): ResolutionPlan {
  const { kind, reason = "" } = payment;
  // Settled, and its receipt cannot be read while an attempt serves it.
  if (kind === "held") return refused("UNDER_WAY");
  if (kind === "owed" || kind === "delivered") {
    if (!isSameReceipt(payment.receipt, receipt)) return refused("ANOTHER_RECEIPT");
    return { status: "already", message: `this receipt is on record already; the payment is ${kind}` };
  }
  // It could not be taken back.
  const network = networkOf(payment);
  if (network?.startsWith("eip155:") && !/^0x[0-9a-f]{64}$/i.test(receipt)) return refused("NO_TRANSACTION");
  const unseen = network === undefined ? " Its chain is not on record: compare the receipt with it yourself." : "";
  const before = kind === "expired" ? ` Until now it was ended (${reason}), and its payer was refused.` : "";
  return {
    status: "write",
    recorded: `It settled, with the receipt ${receipt}. This cannot be taken back.${before}${unseen}`,
    next: "It is owed for 31 days. Its payer gets the content, once, by sending the same payment again.",
  };
}

function planNone({ kind, reason = "", reference }: FoundPayment, none: string, nowMs: number): ResolutionPlan {
  if (kind === "expired") return { status: "already", message: `it is ended already, for this reason: ${reason}` };
  if (kind !== "in-doubt") return refused("ALREADY_SETTLED");
  const endMs = validUntilMs(reference);
  const early =
    endMs > nowMs
      ? ` But it can be settled on the chain until ${new Date(endMs).toISOString()}, unless it is void.`
      : "";
  return {
    status: "write",
    recorded: `It never settled and never will, for this reason: ${none}.${early}`,
    next: "Its payer is refused (402), and signs a new payment. If the money of this one has moved, the payer pays twice.",
  };
}

function planDelivery({ kind }: FoundPayment): ResolutionPlan {
  if (kind === "delivered") return { status: "already", message: "it is delivered already" };
  if (kind !== "owed" && kind !== "held") return refused("NOT_SETTLED");
  const served = kind === "held" ? " An attempt serves it now: that request gets 409, too." : "";
  return {
    status: "write",
    recorded: "It is delivered: its payer has the content, or its money back. This cannot be taken back.",
    next: `Its payer gets no content for it any more: 409, or the answer that was kept.${served}`,
  };
}

/** Hex has two letter cases. */
function isSameReceipt(one = "", two: string): boolean {
  const alike = (text: string) => (/^0x[0-9a-f]+$/i.test(text) ? text.toLowerCase() : text);
  return alike(one) === alike(two);
}

// Both go by the reference that `identifyPayment` of @tollbooth-stores/x402 writes.

/** CAIP-2, e.g. "eip155:8453". Undefined where the reference names none. */
function networkOf({ reference = "" }: FoundPayment): string | undefined {
  return /"network":"([^"]+)"/.exec(reference)?.[1];
}

/** Unix epoch milliseconds; 0 where the reference does not tell. */
function validUntilMs(reference = ""): number {
  const [, seconds = "0"] = /"validBefore":"(\d{1,12})"/.exec(reference) ?? [];
  return Number(seconds) * 1_000;
}
