// The simulated chain as a node of Ethereum's JSON-RPC: what a lookup of payments by EIP-3009 reads, and nothing else.
import { type Address, decodeFunctionData, encodeFunctionResult, type Hex, isAddressEqual, numberToHex } from "viem";
import { z } from "zod";
import { simulatedChain } from "../chain.ts";
import { addressSchema, bytes32Schema, hexSchema } from "../hex-schemas.ts";
import type { Block } from "./blocks.ts";
import { RpcError, type RpcMethods } from "./json-rpc.ts";
import type { Ledger } from "./ledger.ts";
import { tokenAbi } from "./token-abi.ts";
import { type TransferLog, transferLogs } from "./transfer-logs.ts";

const quantity = z
  .string()
  .regex(/^0x(?:0|[1-9a-fA-F][0-9a-fA-F]*)$/)
  .transform(Number);
const tag = z.enum(["latest", "safe", "finalized", "pending", "earliest"]);
const numbered = z.union([tag, quantity]);
/** EIP-1898. The chain has no reorganisations: every block that it has is canonical. */
const pinned = z.union([
  numbered,
  z.strictObject({ blockHash: bytes32Schema, requireCanonical: z.boolean().optional() }),
  z.strictObject({ blockNumber: quantity }),
]);

const blockByNumber = z.tuple([numbered, z.boolean()]);
const blockByHash = z.tuple([bytes32Schema, z.boolean()]);
const transactionHash = z.tuple([bytes32Schema]);
const call = z.tuple([z.object({ to: addressSchema, data: hexSchema }), pinned.optional()]);
const oneOrMore = <T>(schema: z.ZodType<T>) => z.union([schema.transform((one) => [one]), z.array(schema)]);
const logFilter = z.strictObject({
  address: oneOrMore(addressSchema).optional(),
  topics: z.array(oneOrMore(bytes32Schema).nullable()).max(4).default([]),
  fromBlock: numbered.optional(),
  toBlock: numbered.optional(),
  blockHash: bytes32Schema.optional(),
});

/**
 * Each transfer is final in a block of its own as soon as it is made: "latest", "safe", "finalized" and "pending" are all the
 * block of this instant. `facilitator`: who sent the transactions.
 */
export function ledgerRpc(ledger: Ledger, facilitator: Address): RpcMethods {
  const { blocks } = ledger;

  const find = (which: z.output<typeof pinned>): Block | undefined => {
    if (typeof which === "number") return blocks.at(which);
    if (which === "earliest") return blocks.at(0) ?? ledger.newestBlock();
    if (typeof which === "string") return ledger.newestBlock();
    return "blockHash" in which ? blocks.byHash(which.blockHash) : blocks.at(which.blockNumber);
  };
  const needed = (which: z.output<typeof pinned>): Block => {
    const block = find(which);
    // As EIP-1898 numbers it. A block that is yet to come is missing, too.
    if (block === undefined) throw new RpcError(-32_001, "The chain does not have this block.");
    return block;
  };
  const logsIn = (block: Block, topics: TopicFilter = []) => {
    const transfer = block.transaction && ledger.transferBy(block.transaction);
    if (!transfer) return [];
    return transferLogs(transfer)
      .filter((log) => isWanted(log, topics))
      .map((log) => ({ ...log, ...transactionLocation(block, transfer.transaction), removed: false }));
  };

  return new Map<string, (params: readonly unknown[]) => unknown>([
    ["eth_chainId", () => numberToHex(simulatedChain.chainId)],
    ["eth_blockNumber", () => numberToHex(ledger.newestBlock().number)],
    [
      "eth_getBlockByNumber",
      (params) => {
        const [which, whole] = blockByNumber.parse(params);
        return blockAnswer(find(which), whole);
      },
    ],
    [
      "eth_getBlockByHash",
      (params) => {
        const [hash, whole] = blockByHash.parse(params);
        return blockAnswer(blocks.byHash(hash), whole);
      },
    ],
    [
      "eth_call",
      (params) => {
        const [{ to, data }, which = "latest"] = call.parse(params);
        const block = needed(which);
        if (!isToken(to)) return "0x";
        const [payer, nonce] = authorizationAsked(data);
        const transfer = ledger.transferOf(payer, nonce);
        const usedIn = transfer && blocks.of(transfer.transaction);
        const result = usedIn !== undefined && usedIn.number <= block.number;
        return encodeFunctionResult({ abi: tokenAbi, functionName: "authorizationState", result });
      },
    ],
    [
      "eth_getLogs",
      (params) => {
        const [{ address, topics, fromBlock, toBlock, blockHash }] = z.tuple([logFilter]).parse(params);
        if (blockHash !== undefined && (fromBlock !== undefined || toBlock !== undefined)) {
          throw new RpcError(-32_602, "Logs are asked for by a block's hash or by a range, not by both.");
        }
        const first = needed(blockHash === undefined ? (fromBlock ?? "latest") : { blockHash });
        const last = needed(blockHash === undefined ? (toBlock ?? "latest") : { blockHash });
        if (address !== undefined && !address.some(isToken)) return [];
        const length = Math.max(0, last.number + 1 - first.number);
        return Array.from({ length }, (_, index) => logsIn(needed(first.number + index), topics)).flat();
      },
    ],
    [
      "eth_getTransactionReceipt",
      (params) => {
        const [transaction] = transactionHash.parse(params);
        const block = blocks.of(transaction);
        if (block === undefined) return null;
        const sent = { from: facilitator, to: simulatedChain.token.address, contractAddress: null };
        return { ...transactionLocation(block, transaction), ...sent, status: "0x1", type: "0x0", logs: logsIn(block) };
      },
    ],
  ]);
}

const isToken = (address: Address): boolean => isAddressEqual(address, simulatedChain.token.address);

type TopicFilter = readonly (readonly Hex[] | null)[];

/** As nodes match topics: null and an empty list are any, and a log with fewer topics than the filter is none of its logs. */
function isWanted({ topics }: TransferLog, filter: TopicFilter): boolean {
  return filter.every((wanted, index) => {
    const topic = topics[index];
    return topic !== undefined && (wanted === null || wanted.length === 0 || wanted.includes(topic));
  });
}

/** The arguments of authorizationState: the one function whose answer at an earlier block is known. */
function authorizationAsked(data: Hex): readonly [Address, Hex] {
  try {
    const asked = decodeFunctionData({ abi: tokenAbi, data });
    if (asked.functionName === "authorizationState") return asked.args;
  } catch {
    // No function of the token, or not its arguments: reverted, as a contract would.
  }
  throw new RpcError(3, "execution reverted: of the simulated token only authorizationState can be called");
}

/** The fields that name the block of a transaction and of its logs. It is the only one of its block. */
function transactionLocation({ number, hash, timestamp }: Block, transaction: Hex) {
  return {
    ...{ blockNumber: numberToHex(number), blockHash: hash, blockTimestamp: numberToHex(timestamp) },
    ...{ transactionHash: transaction, transactionIndex: "0x0" },
  };
}

function blockAnswer(block: Block | undefined, whole: boolean): object | null {
  if (whole) throw new RpcError(-32_602, "Whole transactions are not kept: ask for a block with their hashes.");
  if (block === undefined) return null;
  const { number, timestamp, hash, parentHash, transaction } = block;
  return {
    ...{ number: numberToHex(number), timestamp: numberToHex(timestamp), hash, parentHash },
    transactions: transaction === undefined ? [] : [transaction],
  };
}
