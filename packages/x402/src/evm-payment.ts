// Payments of the EVM schemes: an EIP-3009 authorization, or a Permit2 transfer with its witness.
import type { PaymentIdentity } from "@tollbooth-stores/core";
import { canonicalSignature } from "./canonical-signature.ts";
import { type Fields, hexIn, MalformedPayload, objectIn, textIn, uint256In } from "./payload-fields.ts";
import type { SignedTerms } from "./signed-terms.ts";

/** x402's `exact` by `transferWithAuthorization`. The token's contract is that of the requirements: it is not in the payload. */
export function eip3009Terms(payload: Fields, network: string, asset: string): SignedTerms {
  const authorization = objectIn(payload, "authorization");
  const payer = hexIn(authorization, "from", 20);
  const nonce = hexIn(authorization, "nonce", 32);
  const identity: PaymentIdentity = { scheme: "eip3009", network, contract: asset, payer, nonce };
  const signed = {
    payTo: hexIn(authorization, "to", 20),
    amount: uint256In(authorization, "value"),
    validAfter: uint256In(authorization, "validAfter"),
    validBefore: uint256In(authorization, "validBefore"),
  };
  return { identity, payer, nonce, asset: asset.toLowerCase(), ...signed, signature: signatureIn(payload) };
}

/** x402's `exact` and `upto` by Permit2. Its deadline ends it; the witness says who is paid, and from when on. */
export function permit2Terms(payload: Fields, network: string): SignedTerms {
  const authorization = objectIn(payload, "permit2Authorization");
  const permitted = objectIn(authorization, "permitted");
  const witness = objectIn(authorization, "witness");
  const payer = hexIn(authorization, "from", 20);
  const nonce = uint256In(authorization, "nonce");
  return {
    identity: { scheme: "permit2", network, owner: payer, nonce },
    payer,
    nonce: String(nonce),
    asset: hexIn(permitted, "token", 20),
    payTo: hexIn(witness, "to", 20),
    amount: uint256In(permitted, "amount"),
    validAfter: uint256In(witness, "validAfter"),
    validBefore: uint256In(authorization, "deadline"),
    // Which contract may move the money is signed, too.
    spender: hexIn(authorization, "spender", 20),
    signature: signatureIn(payload),
  };
}

/** The signature of a contract's account (ERC-1271, ERC-6492) has any length. Only its letter case varies. */
function signatureIn(payload: Fields): string {
  const text = textIn(payload, "signature");
  if (text.length === 132) {
    const canonical = canonicalSignature(text);
    if (canonical !== undefined) return canonical;
  }
  if (/^0x(?:[0-9a-fA-F]{2})+$/.test(text)) return text.toLowerCase();
  throw new MalformedPayload("signature must be 0x-hex.");
}
