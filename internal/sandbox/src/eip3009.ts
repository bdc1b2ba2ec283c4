// EIP-3009's TransferWithAuthorization, and whether its payer signed it: judged as a token contract judges.
import { authorizationTypes } from "@x402/evm";
import { type Address, type Hex, hexToBigInt, parseSignature, verifyTypedData } from "viem";

/** A payer's signed order to transfer. Instants are Unix seconds; `value` is in the token's smallest unit. */
export interface Authorization {
  from: Address;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
}

/** The EIP-712 domain of a token contract. */
export interface TokenDomain {
  name: string;
  version: string;
  chainId: number;
  verifyingContract: Address;
}

/** The order of secp256k1: with (r, s) also (r, n - s) verifies, which is what makes a signature malleable. */
export const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** True for the payer's own signature of 65 bytes with s in the lower half, the only half that token contracts accept. */
export async function isSignedByPayer(domain: TokenDomain, message: Authorization, signature: Hex): Promise<boolean> {
  if (!/^0x[0-9a-fA-F]{130}$/.test(signature)) return false;
  try {
    if (hexToBigInt(parseSignature(signature).s) > curveOrder / 2n) return false;
    const primaryType = "TransferWithAuthorization";
    const signed = { domain, types: authorizationTypes, primaryType, message } as const;
    return await verifyTypedData({ ...signed, address: message.from, signature });
  } catch {
    // Not a signature, or one that recovers to no point of the curve.
    return false;
  }
}
