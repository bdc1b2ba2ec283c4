// Writes the chain's transfers into `ledger.jsonl`, by the chain's own logs and nothing else.
import { z } from "zod";
import type { AppendLog } from "../append-log.ts";
import type { EvmClient } from "./evm-client.ts";
import { transfersBetween } from "./transfers-in.ts";

export interface FollowOptions {
  readonly client: EvmClient;
  readonly log: AppendLog;
  /** What the log holds already. A block may be there in part. */
  readonly past: readonly Readonly<Record<string, unknown>>[];
}

/** Returns what catches up: once it has resolved, every transfer that was in a block before the call is in the log. */
export function followTransfers({ client, log, past }: FollowOptions): () => Promise<void> {
  const known = new Set(past.map(({ transaction, nonce }) => `${transaction} ${nonce}`));
  let next = lastBlock(past);
  let lastRead: Promise<void> = Promise.resolve();
  const readOn = async () => {
    const toBlock = await client.getBlockNumber({ cacheTime: 0 });
    if (toBlock < next) return;
    for (const transfer of await transfersBetween(client, next, toBlock)) {
      if (known.has(`${transfer.transaction} ${transfer.nonce}`)) continue;
      const { timestamp } = await client.getBlock({ blockNumber: BigInt(transfer.block) });
      log.append({ kind: "transfer", ...transfer, timestamp: Number(timestamp) });
    }
    next = toBlock + 1n;
  };
  return () => {
    const read = lastRead.then(readOn);
    lastRead = read.catch(() => undefined);
    return read;
  };
}

/** Of the newest line; 0 where there is none. */
export function lastBlock(past: FollowOptions["past"]): bigint {
  return BigInt(
    z
      .int()
      .min(0)
      .parse(past.at(-1)?.block ?? 0),
  );
}
