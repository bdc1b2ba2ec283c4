// What the ledger of a fleet stands on: books of its own, or a real EVM.

export type ChainName = "simulated" | "evm";

export function isChainName(text: string): text is ChainName {
  return text === "simulated" || text === "evm";
}
