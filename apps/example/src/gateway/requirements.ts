// What x402 calls payment requirements: a route's price in the terms a buyer signs.

import type { PaymentRequirements } from "@x402/core/types";
import { convertToTokenAmount } from "@x402/core/utils";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { type Address, getAddress } from "viem";
import type { TokenDomain } from "../eip3009.ts";
import { ConfigError, type GatewayConfig, type RouteConfig } from "./gateway-config.ts";

/** Clocks differ: how much longer than `paymentTimeout` a payment may say that it is valid. */
export const clockSlackSeconds = 30n;

/** A route's price: as x402 says it, and as the gateway computes with it. */
export interface RoutePrice {
  requirements: PaymentRequirements;
  amount: bigint;
  asset: Address;
  domain: TokenDomain;
}

/**
 * Prices a route by the SDK's own tables. The SDK's `x402ResourceServer` is not used: it decides itself when to verify
 * and settle (and settles again by itself where the outcome is unknown), which here is `payOnce`'s to decide.
 */
export async function priceRoute(config: GatewayConfig, route: RouteConfig): Promise<RoutePrice> {
  const scheme = new ExactEvmScheme();
  const { asset: token } = config;
  if (token !== undefined) {
    scheme.registerMoneyParser(async (amount) => ({
      amount: convertToTokenAmount(String(amount), token.decimals),
      asset: token.address,
      extra: { name: token.name, version: token.version },
    }));
  }
  // One dollar: the SDK would round a price that the token cannot express.
  const dollar = await scheme.parsePrice("$1", config.network).catch(() => {
    throw new ConfigError(`The SDK knows no default asset on network ${config.network}; set "asset".`);
  });
  const { name, version } = dollar.extra ?? {};
  if (typeof name !== "string" || typeof version !== "string") {
    throw new ConfigError(`The default asset of network ${config.network} takes no EIP-3009 transfers; set "asset".`);
  }
  const amount = amountOf(route.price, BigInt(dollar.amount));
  if (amount === undefined) {
    throw new ConfigError(
      `The price ${route.price} of ${route.path} is nothing, or no multiple of the asset's smallest unit.`,
    );
  }
  const asset = getAddress(dollar.asset);
  return {
    amount,
    asset,
    domain: { name, version, chainId: Number(config.network.slice("eip155:".length)), verifyingContract: asset },
    requirements: {
      scheme: "exact",
      network: config.network,
      asset,
      amount: String(amount),
      payTo: config.payTo,
      maxTimeoutSeconds: Math.floor(config.paymentTimeoutMs / 1_000),
      extra: { name, version },
    },
  };
}

/** The price in the asset's smallest unit, of which a dollar is `dollar`; undefined where that is no whole number above 0. */
function amountOf(price: string, dollar: bigint): bigint | undefined {
  const [whole = "", fraction = ""] = price.slice(1).split(".");
  const scaled = BigInt(whole + fraction) * dollar;
  const scale = 10n ** BigInt(fraction.length);
  return scaled > 0n && scaled % scale === 0n ? scaled / scale : undefined;
}
