// The answer that is sold, with the receipt of its payment beside it.
import type { Answer } from "@tollbooth-stores/http";
import type { x402HTTPResourceServer } from "@x402/core/server";
import type { SettleResponse } from "@x402/core/types";
import { NOTHING_CHARGED } from "./read-settlement.ts";
import { lowerCase } from "./sdk-answer.ts";

/** What was paid: as the store keeps it, and in full where this very call settled it. */
export interface PaidReceipt {
  readonly receipt: string;
  readonly network: SettleResponse["network"];
  readonly payer: string | undefined;
  readonly settled: SettleResponse | undefined;
}

/** The receipt goes beside the answer. No cache keeps it: one payment buys one answer. */
export function soldAnswer(
  http: x402HTTPResourceServer,
  { receipt, network, payer, settled }: PaidReceipt,
  { status, headers, body }: Answer,
): Answer {
  const transaction = receipt === NOTHING_CHARGED ? "" : receipt;
  const short = { success: true, transaction, network, ...(payer !== undefined && { payer }) };
  const { "settlement-overrides": _overrides, ...sent } = lowerCase(headers);
  const inFull = settled?.transaction === transaction ? settled : short;
  return { status, headers: { ...sent, ...receiptHeaders(http, inFull, short), "cache-control": "no-store" }, body };
}

/** The payment is delivered: an extension that adds what no header can say must not keep its answer back. */
function receiptHeaders(
  http: x402HTTPResourceServer,
  inFull: SettleResponse,
  short: SettleResponse,
): Record<string, string> {
  try {
    return lowerCase(http.createSettlementHeaders(inFull));
  } catch {
    return lowerCase(http.createSettlementHeaders(short));
  }
}
