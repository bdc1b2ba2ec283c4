// What a lookup reads of a chain: blocks, whether a nonce is used, receipts, and the logs of a nonce.
import type { Eip3009Reference } from "./read-reference.ts";
import { type Ask, asking, type EvmClient, hexOf, listOf, objectOf, quantityOf, toQuantity, Unproven } from "./rpc.ts";
import { addressTopic, nonceTopics } from "./topics.ts";

export interface Block {
  readonly number: bigint;
  readonly hash: string;
  /** Unix seconds. */
  readonly timestamp: bigint;
}

export interface Log {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** Of a transaction that succeeded. */
export interface Receipt {
  readonly hash: string;
  readonly blockNumber: bigint;
  readonly blockHash: string;
  /** In the order in which they were made. */
  readonly logs: readonly Log[];
}

/** Each call throws Unproven where the node fails, or answers in another form. */
export interface ChainView {
  chainId(): Promise<bigint>;
  finalBlock(confirmations: number | undefined): Promise<Block>;
  blockAt(number: bigint): Promise<Block>;
  newestBlock(): Promise<Block>;
  /** In the state of this very block: a node that does not have it fails. True if it was used or cancelled. */
  isNonceUsed(payment: Eip3009Reference, block: Block): Promise<boolean>;
  /** Undefined where there is none, or the transaction failed. */
  receipt(hash: string): Promise<Receipt | undefined>;
  /** The hashes of the transactions that used or cancelled the nonce, in these blocks inclusive, as far as the node knows. */
  nonceUses(payment: Eip3009Reference, fromBlock: bigint, toBlock: bigint): Promise<readonly string[]>;
}

/** authorizationState(address,bytes32) */
const AUTHORIZATION_STATE = "0xe94a0102";

export function chainView(client: EvmClient, signal: AbortSignal): ChainView {
  const ask = asking(client, signal);
  const blockAt = (number: bigint) => block(ask, toQuantity(number));
  return {
    async chainId() {
      return quantityOf(await ask("eth_chainId", []));
    },
    async finalBlock(confirmations) {
      if (confirmations === undefined) return block(ask, "finalized");
      const newest = await block(ask, "latest");
      const number = newest.number - BigInt(confirmations);
      if (number < 0n) throw new Unproven("The chain is shorter than `confirmations`.");
      return blockAt(number);
    },
    blockAt,
    newestBlock: () => block(ask, "latest"),
    async isNonceUsed({ asset, payer, nonce }, { hash }) {
      const data = `${AUTHORIZATION_STATE}${addressTopic(payer).slice(2)}${nonce.slice(2)}`;
      const pinned = { blockHash: hash, requireCanonical: true };
      const state = BigInt(hexOf(await ask("eth_call", [{ to: asset, data }, pinned]), 32));
      if (state > 1n) throw new Unproven("The token's authorizationState is no answer of EIP-3009.");
      return state === 1n;
    },
    async receipt(hash) {
      const answer = await ask("eth_getTransactionReceipt", [hash]);
      if (answer === null || answer === undefined) return undefined;
      const { status, transactionHash, blockNumber, blockHash, logs } = objectOf(answer);
      if (quantityOf(status) !== 1n) return undefined;
      if (hexOf(transactionHash, 32) !== hash.toLowerCase())
        throw new Unproven("The node answered another transaction.");
      return {
        hash: hash.toLowerCase(),
        blockNumber: quantityOf(blockNumber),
        blockHash: hexOf(blockHash, 32),
        logs: logsInOrder(logs),
      };
    },
    async nonceUses({ asset, payer, nonce }, fromBlock, toBlock) {
      const range = { fromBlock: toQuantity(fromBlock), toBlock: toQuantity(toBlock) };
      const filter = { address: asset, topics: [nonceTopics, addressTopic(payer), nonce], ...range };
      const logs = listOf(await ask("eth_getLogs", [filter]));
      return logs.map(({ transactionHash }) => hexOf(transactionHash, 32));
    },
  };
}

async function block(ask: Ask, tag: string): Promise<Block> {
  const answer = await ask("eth_getBlockByNumber", [tag, false]);
  if (answer === null || answer === undefined) throw new Unproven("The node does not have a block that is needed.");
  const { number, hash, timestamp } = objectOf(answer);
  return { number: quantityOf(number), hash: hexOf(hash, 32), timestamp: quantityOf(timestamp) };
}

function logsInOrder(logs: unknown): Log[] {
  const read = listOf(logs).map(({ address, topics, data, logIndex }) => {
    if (!Array.isArray(topics)) throw new Unproven("The node answered a log without topics.");
    const log = { address: hexOf(address, 20), topics: topics.map((topic) => hexOf(topic, 32)), data: hexOf(data) };
    return { index: quantityOf(logIndex), log };
  });
  return read.sort((a, b) => Number(a.index - b.index)).map(({ log }) => log);
}
