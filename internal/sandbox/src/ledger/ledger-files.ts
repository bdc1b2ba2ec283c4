// The files of a ledger in the folder of its logs.
import { join } from "node:path";

export interface LedgerFiles {
  /** The transfers. */
  readonly ledger: string;
  /** The verify and settle calls. */
  readonly facilitator: string;
  /** The chain of a real EVM; there is none of a simulated one. */
  readonly chain: string;
}

export function ledgerFiles(directory: string): LedgerFiles {
  const file = (name: string) => join(directory, name);
  return { ledger: file("ledger.jsonl"), facilitator: file("facilitator.jsonl"), chain: file("chain.json") };
}

export function logOfAnotherChain({ ledger }: LedgerFiles): Error {
  return new Error(`${ledger} is the log of another chain: choose another folder.`);
}
