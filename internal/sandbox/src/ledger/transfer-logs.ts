// The logs that the simulated token makes of one transfer by EIP-3009, in the order of Circle's contracts.
import { getAbiItem, type Hex, numberToHex, pad, toEventSelector } from "viem";
import { simulatedChain } from "../chain.ts";
import type { Transfer } from "./ledger.ts";
import { tokenAbi } from "./token-abi.ts";

/** Hex in lower case. */
export interface TransferLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly logIndex: Hex;
}

const authorizationUsed = toEventSelector(getAbiItem({ abi: tokenAbi, name: "AuthorizationUsed" }));
const transferred = toEventSelector(getAbiItem({ abi: tokenAbi, name: "Transfer" }));

export function transferLogs({ from, to, value, nonce }: Transfer): TransferLog[] {
  const address = lower(simulatedChain.token.address);
  const amount = numberToHex(BigInt(value), { size: 32 });
  return [
    { address, topics: [authorizationUsed, topic(from), lower(nonce)], data: "0x", logIndex: "0x0" },
    { address, topics: [transferred, topic(from), topic(to)], data: amount, logIndex: "0x1" },
  ];
}

const lower = (hex: Hex): Hex => `0x${hex.slice(2).toLowerCase()}`;
const topic = (address: Hex): Hex => pad(lower(address), { size: 32 });
