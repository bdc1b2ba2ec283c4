// EIP-3009's TransferWithAuthorization as typed data, and signatures in one canonical form.
import { type Address, type Hex, hashTypedData, numberToHex, recoverAddress } from "viem";

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

const types = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

/** The order of secp256k1: with (r, s) also (r, n - s) verifies, which is what makes a signature malleable. */
const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The parts of a 65-byte signature, or undefined if it is not one. */
export function partsOf(signature: string): { r: bigint; s: bigint; yParity: 0 | 1 } | undefined {
  if (!/^0x[0-9a-fA-F]{130}$/.test(signature)) return undefined;
  const v = Number.parseInt(signature.slice(130), 16);
  const yParity = v === 0 || v === 27 ? 0 : v === 1 || v === 28 ? 1 : undefined;
  if (yParity === undefined) return undefined;
  return { r: BigInt(signature.slice(0, 66)), s: BigInt(`0x${signature.slice(66, 130)}`), yParity };
}

/** True where s is in the lower half, the only half that token contracts accept. */
export function isLowS(s: bigint): boolean {
  return s <= curveOrder / 2n;
}

/**
 * The one accepted spelling of a 65-byte signature: low s, v of 27 or 28, lower case. Undefined if it is no signature.
 * All spellings of one signature give the same, so that a malleated copy is the same payment, not a new one.
 */
export function canonicalSignature(signature: string): Hex | undefined {
  const parts = partsOf(signature);
  if (parts === undefined || parts.s >= curveOrder) return undefined;
  const low = isLowS(parts.s);
  const s = low ? parts.s : curveOrder - parts.s;
  const odd = low ? parts.yParity : 1 - parts.yParity;
  const hex = (value: bigint) => numberToHex(value, { size: 32 }).slice(2);
  return `0x${hex(parts.r)}${hex(s)}${(27 + odd).toString(16)}`;
}

/** Who signed, or undefined where nobody can have. */
export async function signerOf(
  domain: TokenDomain,
  message: Authorization,
  signature: Hex,
): Promise<Address | undefined> {
  try {
    const hash = hashTypedData({ domain, types, primaryType: "TransferWithAuthorization", message });
    return await recoverAddress({ hash, signature });
  } catch {
    return undefined;
  }
}
