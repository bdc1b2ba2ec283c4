// The chain that is simulated, its one token, and accounts whose keys are public.
import { type Hex, keccak256, toHex } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";

/** Base Sepolia's id and USDC's address there: every x402 client knows them, and nothing of value is ever signed for. */
export const simulatedChain = {
  network: "eip155:84532",
  chainId: 84_532,
  token: { address: "0x036CbD53842c5426634e7929541eC2318f3dCF7e", name: "USDC", version: "2", decimals: 6 },
} as const;

/** How many demonstration payers the ledger funds when it starts. */
export const fundedAccounts = 100;

/** What each of them gets, in the token's smallest unit: 1,000 USDC. */
export const initialBalance = 1_000_000_000n;

/** The key of an account derived from a public label: for tests and demonstrations only, worth nothing by design. */
function demoKey(label: string): Hex {
  return keccak256(toHex(`tollbooth-stores example account: ${label}`));
}

/** The account of `demoKey(label)`. */
export function demoAccount(label: string): PrivateKeyAccount {
  return privateKeyToAccount(demoKey(label));
}

/** The label of the n-th funded payer, 0..fundedAccounts-1. */
export function payerLabel(index: number): string {
  return `payer ${index}`;
}
