// Which EVM chain a network's name means: CAIP-2, a bare chain id, or an x402 version 1 name.
import { invalidArgument } from "../errors.ts";

/** The network names of x402 version 1, as the official SDK maps them. */
const version1Names: ReadonlyMap<string, number> = new Map([
  ["ethereum", 1],
  ["sepolia", 11155111],
  ["abstract", 2741],
  ["abstract-testnet", 11124],
  ["base", 8453],
  ["base-sepolia", 84532],
  ["avalanche", 43114],
  ["avalanche-fuji", 43113],
  ["iotex", 4689],
  ["sei", 1329],
  ["sei-testnet", 1328],
  ["polygon", 137],
  ["polygon-amoy", 80002],
  ["peaq", 3338],
  ["story", 1514],
  ["educhain", 41923],
  ["skale-base-sepolia", 324705682],
  ["megaeth", 4326],
  ["monad", 143],
  ["stable", 988],
  ["stable-testnet", 2201],
  ["celo", 42220],
  ["flare", 14],
]);

/** The numeric chain id of `8453`, `"8453"`, `"eip155:8453"` or `"base"`. Throws STORE_INVALID_ARGUMENT for others. */
export function evmChainId(network: string | number): number {
  const digits = /^(?:eip155:)?([1-9]\d{0,15})$/.exec(String(network))?.[1];
  const chainId = digits === undefined ? version1Names.get(String(network)) : Number(digits);
  if (chainId === undefined || !Number.isSafeInteger(chainId)) {
    throw invalidArgument('network must be an EVM chain: a chain id, "eip155:<chain id>" or an x402 version 1 name.');
  }
  return chainId;
}
