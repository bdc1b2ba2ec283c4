// EIP-3009's TransferWithAuthorization: the fields that a payer signs, and the address of the signer.
import { authorizationTypes } from "@x402/evm";
import { type Address, type Hex, recoverTypedDataAddress } from "viem";

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
