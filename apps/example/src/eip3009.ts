// EIP-3009's TransferWithAuthorization: signatures in one canonical spelling, and who signed.
import { authorizationTypes } from "@x402/evm";
import { type Address, concat, type Hex, numberToHex, recoverTypedDataAddress } from "viem";

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
const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * The one accepted spelling of a 65-byte signature: low s, v of 27 or 28, lower case. Undefined if it is no signature.
 * All spellings of one signature give the same, so that a malleated copy is the same payment, not a new one.
 */
export function canonicalSignature(signature: string): Hex | undefined {
  if (!/^0x[0-9a-fA-F]{128}(?:00|01|1[bB]|1[cC])$/.test(signature)) return undefined;
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  if (s >= curveOrder) return undefined;
  const low = s <= curveOrder / 2n;
  // v is 0 or 27 for an even point and 1 or 28 for an odd one; mirroring s mirrors the point.
  const odd = Number(`0x${signature.slice(130)}`) % 27;
  const r: Hex = `0x${signature.slice(2, 66).toLowerCase()}`;
  return concat([r, numberToHex(low ? s : curveOrder - s, { size: 32 }), numberToHex(27 + (low ? odd : 1 - odd))]);
}

/** Who signed, or undefined where nobody can have. */
export async function signerOf(
  domain: TokenDomain,
  message: Authorization,
  signature: Hex,
): Promise<Address | undefined> {
  try {
    const primaryType = "TransferWithAuthorization";
    return await recoverTypedDataAddress({ domain, types: authorizationTypes, primaryType, message, signature });
  } catch {
    return undefined;
  }
}
