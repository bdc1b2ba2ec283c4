// The limit by address, and what goes past it: payments that the store knows, because their payers were told to ask again.
import { pending, tooManyRequests } from "./answers.ts";
import type { LimitAnswer } from "./limits.ts";
import { parsePayment } from "./payment-header.ts";
import { collectorOf, keyOf } from "./payment-identity.ts";
import { knownAs } from "./payment-record.ts";
import type { RouteContext } from "./request-context.ts";

/** The headers of a limit that was used up are for its refusal alone. */
const unlimited: LimitAnswer = { allowed: true, headers: {}, reported: [] };
const askAgainAfterMs = 10_000;

/**
 * The limiter's answer where the request may go on; else the refusal. A payment that the store knows goes past the limit, and
 * past a limiter that cannot answer: on a full Redis, say, only new payments fail.
 *
 * The request only names the payment so far; its signature is not checked. So passing the limit has a bound of its own. An open
 * payment is known to its payer alone: the bound is for each payment. Delivered payments are public on the chain, and many: the
 * bound is for each address. A request without a collector could not collect one, so it never passes.
 */
export async function limitByAddress(
  { limits, stores, price }: RouteContext,
  headers: Headers,
  ip: string,
): Promise<LimitAnswer | Response> {
  const byIp = await limits.ip(ip).catch((error: unknown) => ({ error }));
  if ("allowed" in byIp && byIp.allowed) return byIp;
  const parsed = parsePayment(headers, price);
  const key = parsed.status === "signed" ? keyOf(parsed.payment) : undefined;
  const known = key === undefined ? "nothing" : await knownAs(stores, key);
  if ("error" in byIp) {
    if (known === "nothing" || known === "ended") throw byIp.error;
    return unlimited;
  }
  const mayAskAgain = (what: string) => limits.askedAgain(what).catch(() => true);
  switch (known) {
    case "claimed":
    case "open":
      return (await mayAskAgain(`payment ${key}`)) ? unlimited : pending(askAgainAfterMs);
    case "delivered": {
      const mayCollect = collectorOf(headers) !== undefined && (await mayAskAgain(`address ${ip}`));
      return mayCollect ? unlimited : tooManyRequests(byIp.headers, "known");
    }
    default:
      return tooManyRequests(byIp.headers);
  }
}
