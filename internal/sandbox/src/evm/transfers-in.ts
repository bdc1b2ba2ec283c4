// Which authorizations were used for which transfers, by the logs of the token: in Circle's order.
import { tokenAbi } from "@tollbooth-stores/evm";
import { type Log, parseEventLogs } from "viem";
import { simulatedChain } from "../chain.ts";
import type { Transfer } from "../ledger/ledger.ts";
import type { EvmClient } from "./evm-client.ts";

/** A transfer by an authorization, and the number of its block. */
export interface MinedTransfer extends Transfer {
  readonly block: number;
}

/**
 * `logs`: all of the token in some blocks, in order. Transfers without an authorization, as a mint is, and authorizations that were
 * canceled are left out. Throws where a used authorization is not followed by its payer's transfer: that would be another token.
 */
export function transfersIn(logs: readonly Log<bigint, number, false>[]): MinedTransfer[] {
  const events = parseEventLogs({ abi: tokenAbi, logs: [...logs] });
  return events.flatMap((event, index) => {
    if (event.eventName !== "AuthorizationUsed") return [];
    const { authorizer, nonce } = event.args;
    const next = events[index + 1];
    if (
      next?.eventName !== "Transfer" ||
      next.transactionHash !== event.transactionHash ||
      next.args.from !== authorizer
    ) {
      throw new Error(`The token has moved nothing for a used authorization, in ${event.transactionHash}.`);
    }
    const { from, to, value } = next.args;
    const transaction = event.transactionHash;
    return [{ transaction, from, to, value: value.toString(), nonce, block: Number(event.blockNumber) }];
  });
}

/** Of all blocks from the first to the last. */
export async function transfersBetween(
  client: EvmClient,
  fromBlock: bigint,
  toBlock: bigint | "latest",
): Promise<MinedTransfer[]> {
  return transfersIn(await client.getLogs({ address: simulatedChain.token.address, fromBlock, toBlock }));
}
