// What a payer has signed, of any EVM scheme, and the texts that are made of it.
import type { PaymentIdentity } from "@tollbooth-stores/core";

/** Instants are Unix seconds; `amount` is in the asset's smallest unit; addresses are lower case. */
export interface SignedTerms {
  readonly identity: PaymentIdentity;
  readonly payer: string;
  readonly nonce: string;
  readonly asset: string;
  readonly payTo: string;
  readonly amount: bigint;
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  /** Permit2 only: the contract that may move the money. */
  readonly spender?: string | undefined;
  readonly signature: string;
}

/** The same for every spelling of one payload, and another one for another signature. */
export function canonicalText(network: string, terms: SignedTerms): string {
  const { identity, payer, payTo, asset, amount, validAfter, validBefore, nonce, spender = "", signature } = terms;
  const numbers = [amount, validAfter, validBefore].map(String);
  return JSON.stringify([identity.scheme, network, asset, payer, payTo, ...numbers, nonce, spender, signature]);
}

/** What the chain must be asked after a crash: all that was signed, and no signature. */
export function referenceText(network: string, terms: SignedTerms): string {
  const { identity, payer, payTo, asset, nonce } = terms;
  const [amount, validAfter, validBefore] = [terms.amount, terms.validAfter, terms.validBefore].map(String);
  return JSON.stringify({
    scheme: identity.scheme,
    network,
    asset,
    payer,
    nonce,
    validAfter,
    validBefore,
    payTo,
    amount,
  });
}
