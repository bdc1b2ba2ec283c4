// A ledger that ignores nonces, so that a second transfer would show, and enforces validBefore; or one that moves each
// authorization once.
import { setTimeout as sleep } from "node:timers/promises";
import type { PlannedPayment } from "./plan.ts";

export type Transferred = { receipt: string } | { refused: string; used: boolean };
export type Found = { receipt: string } | "expired" | "unknown";

export interface Ledger {
  /** Resolves once the money has moved or is refused. `delayMs`: on its way for so long. */
  transfer(
    payment: Pick<PlannedPayment, "id" | "ledger">,
    validBeforeMs: number,
    delayMs?: number,
  ): Promise<Transferred>;
  /** What became of a payment. "expired" only where nothing is on its way and nothing would be taken any more. */
  find(id: number, validBeforeMs: number): Found;
  /** How often each payment moved. */
  readonly transfers: ReadonlyMap<number, number>;
  /** Resolves when nothing is on its way. */
  idle(): Promise<void>;
}

export function openLedger(): Ledger {
  const transfers = new Map<number, number>();
  const onTheirWay = new Map<number, Set<Promise<void>>>();
  const receiptOf = (id: number) => `receipt of payment ${id}`;
  const moved = (id: number) => transfers.get(id) ?? 0;
  return {
    transfers,
    async transfer({ id, ledger }, validBeforeMs, delayMs = 0) {
      const ofThis = onTheirWay.get(id) ?? new Set();
      onTheirWay.set(id, ofThis);
      const travel = delayMs > 0 ? sleep(delayMs) : Promise.resolve();
      ofThis.add(travel);
      await travel;
      ofThis.delete(travel);
      if (ledger === "moves once" && moved(id) > 0) return { refused: "The authorization is used.", used: true };
      if (Date.now() >= validBeforeMs) return { refused: "The authorization is not valid any more.", used: false };
      transfers.set(id, moved(id) + 1);
      return { receipt: receiptOf(id) };
    },
    find(id, validBeforeMs) {
      if (moved(id) > 0) return { receipt: receiptOf(id) };
      return Date.now() >= validBeforeMs && (onTheirWay.get(id)?.size ?? 0) === 0 ? "expired" : "unknown";
    },
    async idle() {
      await Promise.all([...onTheirWay.values()].flatMap((ofOne) => [...ofOne]));
    },
  };
}
