// The row about payers who were charged and never got what they paid for, though they asked again as they were told to.
import { type Evidence, hasContent } from "./evidence.ts";
import type { Trail } from "./payment-trails.ts";
import type { Row } from "./row.ts";
import { rowOf } from "./rows.ts";

/** A process that dies so soon after its settle call has not told its payer, or only just, in milliseconds. */
const justNowMs = 1_000;

/**
 * Payments that moved money, once every client that presents them has a final answer, and none of the answers was the content
 * (made for it, or kept from before) or the session that was bought. Whose money moved is the ledger's word; what came of it
 * is what the client has in its hands.
 */
export function paidNotDelivered(trails: readonly Trail[], { sent, kills }: Evidence): Row {
  const paid = trails.filter(
    ({ payment, transfers, requests }) =>
      payment !== undefined && transfers.length > 0 && requests.every((id) => sent.get(id)?.finished === true),
  );
  const missed = paid.filter(({ requests }) => !requests.some((id) => hasContent(sent.get(id))));
  const killed = paid.filter(
    ({ requests, settles }) =>
      requests.some((id) => (sent.get(id)?.times ?? 0) > 1) &&
      settles.some((settle) =>
        kills.some((kill) => kill.instance === settle.instance && Math.abs(kill.at - settle.at) <= justNowMs),
      ),
  );
  const askedAgain = paid.filter(({ requests }) => requests.some((id) => (sent.get(id)?.times ?? 0) > 1));
  const hungUp = paid.filter(({ requests }) => requests.some((id) => sent.get(id)?.hungUp === true));
  return rowOf(
    "paid-not-delivered",
    0,
    missed.length,
    missed.flatMap(({ requests }) => requests),
    [
      `of ${paid.length}`,
      askedAgain.length > 0 ? `${askedAgain.length} asked again` : undefined,
      killed.length > 0 ? `${killed.length} of a process that was killed just after its settle call` : undefined,
      hungUp.length > 0 ? `${hungUp.length} hung up while it was settled` : undefined,
    ],
  );
}
