// Whether a transaction that ended a payment's nonce moved the payment's money, or ended the nonce otherwise.
import type { Log, Receipt } from "./chain-view.ts";
import type { Eip3009Reference } from "./read-reference.ts";
import { AUTHORIZATION_CANCELED, AUTHORIZATION_USED, addressTopic, TRANSFER } from "./topics.ts";

/**
 * "ours": the nonce moved this amount to this payTo. "void": it was cancelled, or moved another amount or to another. "none": the
 * nonce is not in this transaction. "ambiguous": it was used, and which transfer is its own cannot be told.
 */
export type NonceUse = "ours" | "void" | "none" | "ambiguous";

/**
 * A log of the nonce names no recipient, and one transaction may hold several payments of one payer. A token makes a
 * nonce's transfer directly before its AuthorizationUsed or directly after it, always the same way. So of the payer's own logs of
 * this token, the nonce's transfer is a neighbour:
 *
 * - Only one neighbour is a transfer, or both agree on whether it is this payment: that decides.
 * - They disagree, and uses and transfers take turns all through the transaction: the first log tells the token's order.
 * - Otherwise it is ambiguous.
 */
export function judgeNonceUse({ logs }: Pick<Receipt, "logs">, payment: Eip3009Reference): NonceUse {
  const own = logs.filter((log) => log.address === payment.asset && log.topics[1] === addressTopic(payment.payer));
  const ofNonce = (kind: string) => (log: Log) => log.topics[0] === kind && log.topics[2] === payment.nonce;
  if (own.some(ofNonce(AUTHORIZATION_CANCELED))) return "void";
  const moves = own.filter(({ topics: [kind] }) => kind === AUTHORIZATION_USED || kind === TRANSFER);
  const place = moves.findIndex(ofNonce(AUTHORIZATION_USED));
  if (place === -1) return "none";
  const verdictOf = (log: Log | undefined) => {
    if (log === undefined || !isTransfer(log)) return undefined;
    return paysFor(log, payment) ? "ours" : "void";
  };
  const before = verdictOf(moves[place - 1]);
  const after = verdictOf(moves[place + 1]);
  if (before === undefined || after === undefined || before === after) return before ?? after ?? "ambiguous";
  const transferFirst = moves[0] !== undefined && isTransfer(moves[0]);
  const takeTurns = moves.every((log, index) => isTransfer(log) === (index % 2 === 0 ? transferFirst : !transferFirst));
  if (!takeTurns || moves.length % 2 === 1) return "ambiguous";
  return transferFirst ? before : after;
}

const isTransfer = ({ topics: [kind] }: Log): boolean => kind === TRANSFER;

function paysFor({ topics, data }: Log, { payTo, amount }: Eip3009Reference): boolean {
  return topics[2] === addressTopic(payTo) && /^0x[0-9a-f]{64}$/.test(data) && BigInt(data) === amount;
}
