// What became of each payment, read from the logs of the ledger, its facilitator and the upstream, and from nothing else.

import { isStoreError, paymentKey } from "@tollbooth-stores/core";
import { simulatedChain } from "@tollbooth-stores/sandbox";
import type { PaymentCounts, Tally } from "./state.ts";

export interface PaymentTally {
  /** One line of `facilitator.jsonl`, `ledger.jsonl` or `upstream.jsonl`. */
  line(entry: Readonly<Record<string, unknown>>): void;
  counts(): PaymentCounts;
}

export function paymentTally(): PaymentTally {
  const verifies = counter();
  const runs = counter();
  const settles = counter();
  const transfers = counter();
  let sessionRuns = 0;
  return {
    line({ kind, payer, from, nonce, paidBy }) {
      if (kind === "verify") verifies.add(keyOf(payer, nonce));
      if (kind === "settle") settles.add(keyOf(payer, nonce));
      if (kind === "transfer") transfers.add(keyOf(from, nonce));
      if (kind !== "run" || typeof paidBy !== "string") return;
      if (paidBy === "session") sessionRuns += 1;
      else runs.add(paidBy);
    },
    counts: () => ({
      payments: verifies.keys().length,
      verifies: verifies.tally(),
      runs: runs.tally(),
      settles: settles.tally(),
      transfers: transfers.tally(),
      // A request is served before it is settled: what was transferred without a run bought something else.
      sessionsBought: transfers.keys().filter((key) => !runs.has(key)).length,
      sessionRuns,
    }),
  };
}

/** The name that the upstream's log has for the payment; undefined for what is none. */
function keyOf(payer: unknown, nonce: unknown): string | undefined {
  const { network, token } = simulatedChain;
  try {
    return paymentKey({
      scheme: "eip3009",
      network,
      contract: token.address,
      payer: String(payer),
      nonce: String(nonce),
    });
  } catch (error) {
    if (isStoreError(error)) return undefined;
    throw error;
  }
}

function counter() {
  const byKey = new Map<string, number>();
  let total = 0;
  let most = 0;
  return {
    add(key: string | undefined) {
      if (key === undefined) return;
      const count = (byKey.get(key) ?? 0) + 1;
      byKey.set(key, count);
      total += 1;
      most = Math.max(most, count);
    },
    has: (key: string) => byKey.has(key),
    keys: () => [...byKey.keys()],
    tally: (): Tally => ({ total, most }),
  };
}
