// Payments as tests need them: signed by hand, so that each single field can be wrong.
import { randomBytes } from "node:crypto";
import { authorizationTypes } from "@x402/evm";
import { type Address, type Hex, hexToBigInt, numberToHex, parseSignature, serializeSignature } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { simulatedChain } from "./chain.ts";
import { curveOrder } from "./eip3009.ts";

/** The recipient of config/gateway.yaml and of the tests' configuration. */
export const payTo: Address = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";

/** What may be wrong with a payment. Left out: right for a $0.01 route. */
export interface Forgery {
  from?: Address;
  to?: Address;
  value?: string;
  validAfter?: string;
  validBefore?: string;
  nonce?: Hex;
  /** The EIP-712 domain that is signed. */
  chainId?: number;
  verifyingContract?: Address;
  /** What the payload claims to accept. */
  network?: `${string}:${string}`;
  asset?: string;
}

export interface MadePayment {
  authorization: Record<"from" | "to" | "value" | "validAfter" | "validBefore" | "nonce", string>;
  signature: Hex;
  payload: {
    x402Version: number;
    accepted: Record<string, unknown>;
    payload: { signature: string; authorization: Record<string, string> };
  };
}

export function randomNonce(): Hex {
  return `0x${randomBytes(32).toString("hex")}`;
}

/** Signs with `account` whatever `forgery` asks for. */
export async function makePayment(account: PrivateKeyAccount, forgery: Forgery = {}): Promise<MadePayment> {
  const { token } = simulatedChain;
  const nonce = forgery.nonce ?? randomNonce();
  const from = forgery.from ?? account.address;
  const to = forgery.to ?? payTo;
  const authorization = {
    from,
    to,
    value: forgery.value ?? "10000",
    validAfter: forgery.validAfter ?? "0",
    validBefore: forgery.validBefore ?? String(Math.floor(Date.now() / 1_000) + 100),
    nonce,
  };
  const signature = await account.signTypedData({
    domain: {
      name: token.name,
      version: token.version,
      chainId: forgery.chainId ?? simulatedChain.chainId,
      verifyingContract: forgery.verifyingContract ?? token.address,
    },
    types: authorizationTypes,
    primaryType: "TransferWithAuthorization",
    message: {
      from,
      to,
      nonce,
      value: BigInt(authorization.value),
      validAfter: BigInt(authorization.validAfter),
      validBefore: BigInt(authorization.validBefore),
    },
  });
  const accepted = {
    scheme: "exact",
    network: forgery.network ?? simulatedChain.network,
    amount: authorization.value,
    asset: forgery.asset ?? token.address,
    payTo: to,
    maxTimeoutSeconds: 120,
    extra: { name: token.name, version: token.version },
  };
  return { authorization, signature, payload: { x402Version: 2, accepted, payload: { signature, authorization } } };
}

/** The header that carries any payload, well-formed or not. */
export function paymentHeader(payload: unknown): Record<string, string> {
  return { "payment-signature": Buffer.from(JSON.stringify(payload)).toString("base64") };
}

/** The other signature that recovers to the same signer: s mirrored, v flipped. */
export function malleate(signature: Hex): Hex {
  const { r, s, yParity } = parseSignature(signature);
  const mirrored = numberToHex(curveOrder - hexToBigInt(s), { size: 32 });
  return serializeSignature({ r, s: mirrored, yParity: 1 - yParity });
}
