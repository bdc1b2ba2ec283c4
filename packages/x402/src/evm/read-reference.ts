// Reads the reference of an EIP-3009 payment, as identifyPayment wrote it and a store kept it.
import { type Fields, hexIn, MalformedPayload, textIn, uint256In } from "../payload-fields.ts";
import { NoFinding } from "./rpc.ts";

/** Instants are Unix seconds; `amount` is in the token's smallest unit; hex is lower case. */
export interface Eip3009Reference {
  readonly network: string;
  readonly asset: string;
  readonly payer: string;
  readonly nonce: string;
  readonly payTo: string;
  readonly amount: bigint;
  readonly validAfter: bigint;
  readonly validBefore: bigint;
}

/** Throws NoFinding for any other one. */
export function readReference(reference: string | undefined): Eip3009Reference {
  if (reference === undefined)
    throw new NoFinding("The payment has no reference: give payOnce that of identifyPayment.");
  try {
    const parsed: unknown = JSON.parse(reference);
    const fields: Fields = typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
    if (textIn(fields, "scheme") !== "eip3009") throw new NoFinding("Only payments by EIP-3009 are looked up.");
    return {
      network: textIn(fields, "network"),
      asset: hexIn(fields, "asset", 20),
      payer: hexIn(fields, "payer", 20),
      nonce: hexIn(fields, "nonce", 32),
      payTo: hexIn(fields, "payTo", 20),
      amount: uint256In(fields, "amount"),
      validAfter: uint256In(fields, "validAfter"),
      validBefore: uint256In(fields, "validBefore"),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof MalformedPayload) {
      throw new NoFinding("The payment's reference is none that identifyPayment wrote.");
    }
    throw error;
  }
}
