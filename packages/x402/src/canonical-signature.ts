// Signatures of externally owned accounts in one spelling.

/** The order of secp256k1: with (r, s) also (r, n - s) verifies, which is what makes a signature malleable. */
const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * The one accepted spelling of a 65-byte signature: low s, v of 27 or 28, lower case. Undefined if it is none. All spellings
 * of one signature give the same, so that a malleated copy is the same payment and not a new one.
 */
export function canonicalSignature(signature: string): `0x${string}` | undefined {
  if (!/^0x[0-9a-fA-F]{128}(?:00|01|1[bB]|1[cC])$/.test(signature)) return undefined;
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  if (s >= curveOrder) return undefined;
  const isLow = s <= curveOrder / 2n;
  // v is 0 or 27 for an even point and 1 or 28 for an odd one; mirroring s mirrors the point.
  const odd = Number(`0x${signature.slice(130)}`) % 27;
  const low = (isLow ? s : curveOrder - s).toString(16).padStart(64, "0");
  const v = 27 + (isLow ? odd : 1 - odd);
  return `0x${signature.slice(2, 66).toLowerCase()}${low}${v.toString(16)}`;
}
