// Payments that no caller has ended: listed, and resolved by hand.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { LoadedStores } from "@tollbooth-stores/config";
import {
  isStoreError,
  type Look,
  type PaymentMessage,
  paymentChannel,
  type Resolution,
  resolvePayment,
  StoreError,
  type Unresolved,
} from "@tollbooth-stores/core";
import { type FoundPayment, type Refused, refused } from "./resolution-plan.ts";

/** One line of the list. The reference says what was signed, and holds no signature. */
export type Listed = Pick<Unresolved, "handle" | "kind" | "attempt" | "atMs" | "reference" | "evidence">;

/** What listing and resolving need of the stores. */
type Stores = Pick<LoadedStores, "verifications" | "describe">;

/** Oldest first. Rejects where the list would be incomplete; with STORE_CONFIG where each process has payments of its own. */
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

/**
 * The payment of a handle: on the list, or ended since. Undefined for any other handle: a receipt for a mistyped one would
 * make a record that is owed for 31 days. Rejects as `listPayments` does.
 */
export async function findPayment(stores: Stores, handle: string): Promise<FoundPayment | undefined> {
  const listed = (await listPayments(stores)).find((each) => each.handle === handle);
  const now = await stores.verifications.peek({ handle }).catch((error: unknown) => {
    if (isStoreError(error, "STORE_INVALID_ARGUMENT")) return { status: "absent" } as const;
    throw error;
  });
  const found = foundBy(now);
  if (found === undefined) return undefined;
  // One that an attempt serves for an hour is under way by its record, and "held" on the list.
  const kind = listed?.kind === "held" && found.kind === "under-way" ? listed.kind : found.kind;
  return { handle, ...(listed?.kind === kind && listed), ...found, kind };
}

function foundBy(now: Look): Omit<FoundPayment, "handle"> | undefined {
  switch (now.status) {
    case "unknown":
      return { kind: "in-doubt" };
    case "settled":
      return { kind: "owed", receipt: now.receipt };
    case "delivered":
      return { kind: "delivered", receipt: now.receipt };
    case "expired":
      return {
        kind: "expired",
        reason: now.reason,
        ...(now.reference !== undefined && { reference: now.reference }),
      };
    case "in-progress":
      return { kind: "under-way" };
    default:
      return undefined;
  }
}

/** Records what a person found out about a payment that `findPayment` gave. Undefined: recorded. Safe to repeat. */
export async function recordResolution(
  { verifications }: Stores,
  { handle }: FoundPayment,
  resolution: Resolution,
): Promise<Refused | undefined> {
  const events: PaymentMessage["event"][] = [];
  const hear = (message: unknown) => {
    const { event, handle: whose }: Partial<PaymentMessage> = Object(message);
    if (whose === handle && event !== undefined) events.push(event);
  };
  subscribe(paymentChannel, hear);
  try {
    const ended = await resolvePayment(verifications, { handle }, resolution);
    if (events.includes("second-receipt")) return refused("ANOTHER_RECEIPT");
    if (ended.status === "ok") return undefined;
    if (ended.current === "in-progress") return refused("UNDER_WAY");
    return refused("none" in resolution ? "ALREADY_SETTLED" : "NOT_SETTLED");
  } finally {
    unsubscribe(paymentChannel, hear);
  }
}
