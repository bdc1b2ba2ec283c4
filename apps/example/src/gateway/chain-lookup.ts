// What became of a payment: asked of the chain by the payment's reference, which says enough without a signature.
import type { FoundSettlement } from "@tollbooth-stores/core";
import { isAddressEqual } from "viem";
import { z } from "zod";
import { addressSchema, bytes32Schema, uint256Schema } from "../hex-schemas.ts";
import { nonceStateOf } from "./chain-client.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { NotNow } from "./not-now.ts";
import type { SignedPayment } from "./payment-header.ts";

const referenceSchema = z.object({
  network: z.string(),
  asset: addressSchema,
  payer: addressSchema,
  nonce: bytes32Schema,
  validBefore: uint256Schema,
  payTo: addressSchema,
  amount: uint256Schema,
});

/** What the chain must be asked after a crash, as `payment.reference`: all that was signed, and no signature. */
export function referenceOf({ payer, authorization, terms }: SignedPayment): string {
  const { network, asset, payTo, amount } = terms.requirements;
  const { nonce } = authorization;
  const [validAfter, validBefore] = [String(authorization.validAfter), String(authorization.validBefore)];
  return JSON.stringify({ network, asset, payer, nonce, validAfter, validBefore, payTo, amount });
}

/** A chain may take its latest blocks back: how long after a payment's end, by the chain's time, it can settle no more. */
const settledBlocksSeconds = 30n;

/**
 * A receipt (the transaction) where the nonce paid us this price; "void" where it was spent otherwise, and can never pay us;
 * "expired" where it is unused in a block that is later than its time, and some more. That is for the chain's clock to say: an
 * instance's may be wrong, and money may be on its way. Throws where the chain does not answer.
 */
export async function lookUp(
  { network, chain, facilitator }: GatewayConfig,
  reference: string | undefined,
): Promise<FoundSettlement> {
  if (reference === undefined) return "unknown";
  const { payer, nonce, validBefore, ...wanted } = referenceSchema.parse(JSON.parse(reference));
  // Another chain than the one that can be asked here.
  if (wanted.network !== network) return "unknown";
  const state = await nonceStateOf(chain.url, payer, nonce, facilitator.timeoutMs);
  if (state.state === "unused") {
    return validBefore + settledBlocksSeconds < BigInt(state.time) ? { none: "expired" } : "unknown";
  }
  const paidUs = isAddressEqual(state.to, wanted.payTo) && BigInt(state.value) === wanted.amount;
  return paidUs ? { receipt: state.transaction } : { none: "void" };
}

/**
 * Of a payment that no store knows, and that would not be taken: "used" where its nonce was spent, by an attempt whose record is
 * lost, say; then it must not be paid for again. "over": it never was, and never can be. Throws NotNow where the chain does not answer.
 */
export async function fateOf(
  { network, chain, facilitator }: GatewayConfig,
  { payer, authorization, terms }: SignedPayment,
): Promise<"used" | "over" | "open"> {
  if (terms.requirements.network !== network) return "open";
  const { state, time } = await nonceStateOf(chain.url, payer, authorization.nonce, facilitator.timeoutMs).catch(
    chainUnavailable,
  );
  if (state === "used") return "used";
  return authorization.validBefore <= BigInt(time) ? "over" : "open";
}

/** Throws NotNow: without the chain's answer the request cannot go on. */
export function chainUnavailable(): never {
  throw new NotNow(
    "chain_unavailable",
    "Whether this payment was used cannot be asked now. Send the same payment again.",
  );
}
