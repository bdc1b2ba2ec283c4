// Payments of the SVM scheme: a transaction that its payer has signed in part.
import { type Fields, MalformedPayload, textIn } from "./payload-fields.ts";

/** A transaction fits into one packet of the network. */
const MOST_BYTES = 1_232;
const SIGNATURE_BYTES = 64;

export interface SvmTransaction {
  /** The signed bytes: they name the payment. The signatures, to which the facilitator adds its own, come before them. */
  readonly message: Uint8Array;
  readonly transaction: Uint8Array;
}

export function svmTransaction(payload: Fields): SvmTransaction {
  const text = textIn(payload, "transaction");
  const transaction = Buffer.from(text, "base64");
  // Node's decoder skips characters outside base64, so the text is compared with its own encoding.
  if (transaction.toString("base64") !== text) throw new MalformedPayload("transaction must be base64.");
  const [count = 0] = transaction;
  const start = 1 + count * SIGNATURE_BYTES;
  // The number of signatures has one byte below 128.
  if (transaction.length > MOST_BYTES || count === 0 || count > 127 || transaction.length <= start) {
    throw new MalformedPayload("transaction must be a signed Solana transaction.");
  }
  return { message: transaction.subarray(start), transaction };
}
