// In a seller's process: asks the ledger what became of a payment; where that is safe, it settles the authorization again.
import type { FoundSettlement } from "@tollbooth-stores/core";
import { ask } from "./channel.ts";
import type { Found, Transferred } from "./ledger.ts";
import type { PlannedPayment } from "./plan.ts";

/** What a payment is found by after a crash. */
export type Reference = Pick<PlannedPayment, "id" | "ledger">;

export async function askLedger(kind: "transfer", id: number): Promise<Transferred>;
export async function askLedger(kind: "find", id: number): Promise<Found>;
export async function askLedger(kind: "transfer" | "find", id: number): Promise<unknown> {
  const reply = await ask({ kind, id });
  if (reply.kind === "reply" && reply.error === undefined) return reply.value;
  throw new Error("The ledger did not answer.");
}

export async function findSettlement({ id, ledger }: Reference, signal: AbortSignal): Promise<FoundSettlement> {
  const found = await askLedger("find", id);
  if (found === "expired") return { none: "expired" };
  if (found !== "unknown") return found;
  if (ledger === "moves each time") return "unknown";
  signal.throwIfAborted();
  const again = await askLedger("transfer", id);
  return "receipt" in again ? again : "unknown";
}
