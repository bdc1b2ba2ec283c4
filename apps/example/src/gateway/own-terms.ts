// What a payment pays by its own word. One that the store knows was accepted on these terms, whatever the route costs by now.
import type { PaymentRequirements } from "@x402/core/types";
import { z } from "zod";
import type { Authorization } from "../eip3009.ts";
import { addressSchema } from "../hex-schemas.ts";
import type { RoutePrice } from "./requirements.ts";

const chain = z.templateLiteral(["eip155:", z.string().regex(/^[1-9]\d{0,14}$/)]);
const named = z.object({ name: z.string(), version: z.string() });

/** The part of a payload in which the client repeats what it accepts. */
interface Accepted {
  network: string;
  asset: string;
  extra?: Record<string, unknown> | null | undefined;
}

/**
 * Chain and token as the payload names them, amount and recipient as they are signed. The token's own name, which is signed as
 * well, is ours where it is our token: of another one only its payer can tell.
 */
export function ownTerms(
  { network, asset, extra }: Accepted,
  { to, value }: Authorization,
  price: RoutePrice,
): RoutePrice | { wrong: "wrong_network" | "wrong_asset" } {
  const onChain = chain.safeParse(network);
  if (!onChain.success) return { wrong: "wrong_network" };
  const token = addressSchema.safeParse(asset);
  if (!token.success) return { wrong: "wrong_asset" };
  const ours = token.data === price.asset && onChain.data === price.requirements.network;
  const { name, version } = (ours ? undefined : named.safeParse(extra).data) ?? price.domain;
  const requirements: PaymentRequirements = {
    ...price.requirements,
    network: onChain.data,
    asset: token.data,
    amount: String(value),
    payTo: to,
    extra: { name, version },
  };
  const chainId = Number(onChain.data.slice("eip155:".length));
  return {
    requirements,
    amount: value,
    asset: token.data,
    domain: { name, version, chainId, verifyingContract: token.data },
  };
}
