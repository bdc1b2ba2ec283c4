// Payments that no caller has ended: listed, and resolved by hand.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { LoadedStores } from "@tollbooth-stores/config";
import {
  type PaymentMessage,
  paymentChannel,
  type Resolution,
  resolvePayment,
  StoreError,
  type Unresolved,
} from "@tollbooth-stores/core";

/** One line of the list. The reference says what was signed, and holds no signature. */
export type Listed = Pick<Unresolved, "handle" | "kind" | "attempt" | "atMs" | "reference" | "evidence">;

type Stores = Pick<LoadedStores, "verifications" | "describe">;

/** Rejects where the list would be incomplete; with STORE_CONFIG where the payments are in other processes' memory. */
export async function listPayments({ verifications, describe }: Stores): Promise<Listed[]> {
  if (!describe().verifications.shared) {
    throw new StoreError(
      "STORE_CONFIG",
      "This configuration keeps payments in the memory of each process, so that this command sees none. Use redis or ioredis.",
    );
  }
  const listed: Listed[] = [];
  for await (const { handle, kind, attempt, atMs, reference, evidence } of verifications.unresolved()) {
    listed.push({
      ...{ handle, kind, attempt, atMs },
      ...(reference !== undefined && { reference }),
      ...(evidence !== undefined && { evidence }),
    });
  }
  return listed.sort((a, b) => a.atMs - b.atMs);
}

export type Resolved =
  | "done"
  | "unknown handle: payments list names those that can be resolved"
  | "not possible now: an attempt holds the payment, or it is settled already; list it again"
  | "no receipt: on this chain it is a transaction's hash, 0x and 64 hex digits"
  | "another receipt is on record, and stays: compare the two with the chain";

/**
 * Records what a person found out. A handle that is not on the list is refused: a receipt for a mistyped one would make a
 * record that is owed for 31 days. Safe to repeat.
 */
export async function resolveListed(stores: Stores, handle: string, resolution: Resolution): Promise<Resolved> {
  const listed = await listPayments(stores);
  const payment = listed.find((each) => each.handle === handle);
  if (payment === undefined) return "unknown handle: payments list names those that can be resolved";
  // It could not be taken back.
  if ("receipt" in resolution && isOnEvm(payment) && !/^0x[0-9a-f]{64}$/i.test(resolution.receipt)) {
    return "no receipt: on this chain it is a transaction's hash, 0x and 64 hex digits";
  }
  const events: PaymentMessage["event"][] = [];
  const hear = (message: unknown) => void events.push(Object(message).event);
  subscribe(paymentChannel, hear);
  try {
    const ended = await resolvePayment(stores.verifications, { handle }, resolution);
    if (events.includes("second-receipt")) {
      return "another receipt is on record, and stays: compare the two with the chain";
    }
    return ended.status === "ok"
      ? "done"
      : "not possible now: an attempt holds the payment, or it is settled already; list it again";
  } finally {
    unsubscribe(paymentChannel, hear);
  }
}

/** By the reference that `identifyPayment` of @tollbooth-stores/x402 writes. */
function isOnEvm({ reference = "" }: Listed): boolean {
  return /"network":"eip155:/.test(reference);
}
