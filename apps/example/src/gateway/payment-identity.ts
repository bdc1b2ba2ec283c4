// What a payment is called in the stores, and what shows that its own payer presents it.
import { paymentKey } from "@tollbooth-stores/core";
import type { SignedPayment } from "./payment-header.ts";
import { bearerToken } from "./session-token.ts";

/** Of chain, token, payer and nonce: what the chain refuses to see twice. */
export function keyOf({ payer, authorization: { nonce }, terms }: SignedPayment): string {
  const { network } = terms.requirements;
  return paymentKey({ scheme: "eip3009", network, contract: terms.asset, payer, nonce });
}

/** Only its payer sends it: a settled authorization is public on the chain. */
export function collectorOf(headers: Headers): string | undefined {
  return headers.get("idempotency-key") || bearerToken(headers.get("authorization") ?? undefined);
}
