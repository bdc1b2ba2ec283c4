// viem's client for the sandbox's EVM chain: it reads, and sends what the facilitator signs.
import {
  type Chain,
  type Client,
  createWalletClient,
  defineChain,
  type HttpTransport,
  http,
  type PublicActions,
  publicActions,
  type WalletActions,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { demoAccount, simulatedChain } from "../chain.ts";

const chain = defineChain({
  id: simulatedChain.chainId,
  name: "Sandbox",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [] } },
});

export type EvmClient = Client<
  HttpTransport,
  Chain,
  PrivateKeyAccount,
  undefined,
  PublicActions<HttpTransport, Chain, PrivateKeyAccount> & WalletActions<Chain, PrivateKeyAccount>
>;

/** A call that fails is not repeated. A receipt is looked for every 10 ms: the chain makes a block for each transaction at once. */
export function evmClient(url: string): EvmClient {
  const transport = http(url, { retryCount: 0 });
  return createWalletClient({ account: demoAccount("facilitator"), chain, transport, pollingInterval: 10 }).extend(
    publicActions,
  );
}
