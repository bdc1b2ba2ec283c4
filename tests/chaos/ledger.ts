// A ledger that ignores nonces: each transfer that reaches it in time moves the money, so that a second one would show.

export interface Ledger {
  /** Resolves with the receipt once the money has moved. `delayMs`: on its way for so long. Rejects after `validBeforeMs`. */
  transfer(id: number, validBeforeMs: number, delayMs: number): Promise<string>;
  /** What became of a payment. "expired" only where nothing is on its way and nothing would be taken any more. */
  find(id: number, validBeforeMs: number): { receipt: string } | "expired" | "unknown";
  /** How often each payment moved. */
  readonly transfers: ReadonlyMap<number, number>;
}

export function openLedger(): Ledger {
  const transfers = new Map<number, number>();
  const onTheirWay = new Map<number, number>();
  const receiptOf = (id: number) => `receipt of payment ${id}`;
  return {
    transfers,
    async transfer(id, validBeforeMs, delayMs) {
      onTheirWay.set(id, (onTheirWay.get(id) ?? 0) + 1);
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      onTheirWay.set(id, (onTheirWay.get(id) ?? 0) - 1);
      if (Date.now() >= validBeforeMs) throw new Error("The authorization is not valid any more.");
      transfers.set(id, (transfers.get(id) ?? 0) + 1);
      return receiptOf(id);
    },
    find(id, validBeforeMs) {
      if ((transfers.get(id) ?? 0) > 0) return { receipt: receiptOf(id) };
      return Date.now() >= validBeforeMs && (onTheirWay.get(id) ?? 0) === 0 ? "expired" : "unknown";
    },
  };
}
