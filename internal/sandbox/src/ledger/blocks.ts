// The blocks of the simulated chain, numbered from 0. A block that was made never changes, and none is taken back.
import { type Hex, keccak256, toHex, zeroHash } from "viem";

export interface Block {
  readonly number: number;
  /** Unix seconds: never less than its parent's. Blocks of one second have the same. */
  readonly timestamp: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** The hash of its only transaction. Undefined: an empty block. */
  readonly transaction: Hex | undefined;
}

export interface Blocks {
  newest(): Block | undefined;
  at(number: number): Block | undefined;
  byHash(hash: Hex): Block | undefined;
  /** The block that holds the transaction. */
  of(transaction: Hex): Block | undefined;
  /** Adds the next block. An instant before the newest block's counts as that block's. */
  mine(timestamp: number, transaction?: Hex): Block;
}

/** The same calls of `mine` give the same blocks: that is how a log of them brings the chain back. */
export function blocks(): Blocks {
  const chain: Block[] = [];
  const byHash = new Map<Hex, Block>();
  const byTransaction = new Map<Hex, Block>();
  return {
    newest: () => chain.at(-1),
    at: (number) => chain[number],
    byHash: (hash) => byHash.get(hash),
    of: (transaction) => byTransaction.get(transaction),
    mine(instant, transaction) {
      const parent = chain.at(-1);
      const parentHash = parent?.hash ?? zeroHash;
      const timestamp = Math.max(instant, parent?.timestamp ?? 0);
      const number = chain.length;
      const hash = keccak256(toHex(`${parentHash}:${number}:${timestamp}:${transaction ?? ""}`));
      const block = { number, timestamp, hash, parentHash, transaction };
      chain.push(block);
      byHash.set(hash, block);
      if (transaction !== undefined) byTransaction.set(transaction, block);
      return block;
    },
  };
}
