// Signs EIP-3009 authorizations for the test token, as call data.
import { authorizationTypes } from "@x402/evm";
import { type Address, encodeFunctionData, type Hex, type ParseAbi, parseAbi, parseSignature } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** Instants are Unix seconds; `value` is in the token's smallest unit. */
export interface Authorization {
  readonly from: Address;
  readonly to: Address;
  readonly value: bigint;
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly nonce: Hex;
}

export type PayerAccount = ReturnType<typeof privateKeyToAccount>;

/** The first account that anvil makes: its key is in the documentation of every such program. */
export const payerAccount: PayerAccount = privateKeyToAccount(
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
);

const tokenFunctions = [
  "function mint(address to, uint256 value)",
  "function approve(address spender, uint256 value) returns (bool)",
  "function transferFrom(address from, address to, uint256 value) returns (bool)",
  "function balanceOf(address owner) view returns (uint256)",
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)",
  "function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)",
] as const;

export const tokenAbi: ParseAbi<typeof tokenFunctions> = parseAbi(tokenFunctions);

const cancelTypes = {
  CancelAuthorization: [
    { name: "authorizer", type: "address" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

const domain = (token: Address, chainId: number) => ({
  name: "USDC",
  version: "2",
  chainId,
  verifyingContract: token,
});

/** Call data of `transferWithAuthorization`, signed by the payer's account. */
export async function transferCall(token: Address, chainId: number, message: Authorization): Promise<Hex> {
  const signature = await payerAccount.signTypedData({
    domain: domain(token, chainId),
    types: authorizationTypes,
    primaryType: "TransferWithAuthorization",
    message,
  });
  const { from, to, value, validAfter, validBefore, nonce } = message;
  return encodeFunctionData({
    abi: tokenAbi,
    functionName: "transferWithAuthorization",
    args: [from, to, value, validAfter, validBefore, nonce, ...inParts(signature)],
  });
}

/** Call data of `cancelAuthorization`, signed by the payer's account. */
export async function cancelCall(token: Address, chainId: number, nonce: Hex): Promise<Hex> {
  const authorizer = payerAccount.address;
  const signature = await payerAccount.signTypedData({
    domain: domain(token, chainId),
    types: cancelTypes,
    primaryType: "CancelAuthorization",
    message: { authorizer, nonce },
  });
  return encodeFunctionData({
    abi: tokenAbi,
    functionName: "cancelAuthorization",
    args: [authorizer, nonce, ...inParts(signature)],
  });
}

function inParts(signature: Hex): [number, Hex, Hex] {
  const { r, s, yParity } = parseSignature(signature);
  return [yParity + 27, r, s];
}
