// Whether a facilitator's answer to `settle` proves that money moved, or that none did.
import { StoreError } from "@tollbooth-stores/core";
import type { PreBroadcastRefusals } from "./refusals.ts";

/** The part of the SDK's SettleResponse that is read. */
export interface SettlementToRead {
  readonly success: boolean;
  readonly transaction?: string | undefined;
  readonly network?: string | undefined;
  readonly errorReason?: string | undefined;
  /** What was charged, where the scheme lets that be less than what was signed. */
  readonly amount?: string | undefined;
}

/** The receipt of an `upto` payment of which nothing was charged: there is no transaction. */
export const NOTHING_CHARGED = "0";

export type ReadSettlement =
  /** The transaction that moved the money. */
  | { readonly status: "settled"; readonly receipt: string }
  /** Nothing was sent. `used`: the payment had been settled before, by whatever attempt. */
  | { readonly status: "refused"; readonly reason: string; readonly used: boolean }
  /** Neither is proved: ask the chain. `transaction`: evidence to keep, where there is some. */
  | { readonly status: "unclear"; readonly transaction: string | undefined };

/**
 * A receipt needs success, the network that was asked for, and a transaction's name: an empty transaction proves nothing, but that an
 * `upto` payment of 0 was not sent. A refusal needs a reason that is known to come before a transaction is sent, and no transaction.
 */
export function readSettlement(
  answer: SettlementToRead,
  asked: { readonly network: string; readonly scheme: string },
  refusals: PreBroadcastRefusals,
): ReadSettlement {
  if (typeof Object(asked).network !== "string" || typeof Object(asked).scheme !== "string") {
    throw new StoreError(
      "STORE_CONFIG",
      "readSettlement(): asked must be the payment's requirements: { network, scheme }.",
    );
  }
  if (!(refusals instanceof Map)) {
    throw new StoreError("STORE_CONFIG", "readSettlement(): refusals must be a Map of reasons, such as evmRefusals.");
  }
  // A facilitator's client may answer anything.
  const fields: Partial<Record<keyof SettlementToRead, unknown>> = Object(answer);
  const { success, transaction = "", network, errorReason, amount } = fields;
  if (typeof transaction !== "string") return { status: "unclear", transaction: undefined };
  if (success === true && network === asked.network) {
    if (isTransaction(transaction, asked.network)) return { status: "settled", receipt: transaction };
    const nothing = asked.scheme === "upto" && transaction === "" && amount === "0";
    if (nothing) return { status: "settled", receipt: NOTHING_CHARGED };
  }
  const reason = typeof errorReason === "string" ? errorReason : "";
  const refusal = refusals.get(reason);
  if (success === false && transaction === "" && refusal !== undefined) {
    return { status: "refused", reason, used: refusal.used };
  }
  return { status: "unclear", transaction: transaction === "" ? undefined : transaction };
}

/** 32 bytes as 0x-hex on EVM; 64 bytes in base58 on Solana. */
function isTransaction(text: string, network: string): boolean {
  if (network.startsWith("eip155:")) return /^0x[0-9a-fA-F]{64}$/.test(text);
  return network.startsWith("solana:") && /^[1-9A-HJ-NP-Za-km-z]{64,88}$/.test(text);
}
