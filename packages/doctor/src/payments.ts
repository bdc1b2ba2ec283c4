// Payments that no caller has ended: listed, and resolved by hand.
import type { LoadedStores } from "@tollbooth-stores/config";
import { type Resolution, resolvePayment, type Unresolved } from "@tollbooth-stores/core";

/** One line of the list. The reference says what was signed, and holds no signature. */
export type Listed = Pick<Unresolved, "handle" | "kind" | "attempt" | "atMs" | "reference" | "evidence">;

/** Rejects where the list would be incomplete. */
export async function listPayments({ verifications }: Pick<LoadedStores, "verifications">): Promise<Listed[]> {
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
 * Records what a person found out. A handle that is not on the list is refused: a receipt for a mistyped one would make a
 * record that is owed for 31 days.
 */
export async function resolveListed(
  stores: Pick<LoadedStores, "verifications">,
  handle: string,
  resolution: Resolution,
): Promise<"done" | "unknown handle" | "not possible now"> {
  const listed = await listPayments(stores);
  if (!listed.some((payment) => payment.handle === handle)) return "unknown handle";
  const ended = await resolvePayment(stores.verifications, { handle }, resolution);
  return ended.status === "ok" ? "done" : "not possible now";
}
