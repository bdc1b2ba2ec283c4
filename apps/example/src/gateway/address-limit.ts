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
 * The limiter's answer where the request may go on; else the refusal. A payment that the store knows goes past a limiter that
 * cannot answer as well: on a full Redis, say, where what is new fails.
 *
 * It is only named so far, not proven, so what it gets past the limit is bounded too. One that is open is known to its payer
 * alone: a bound for each. One that was delivered is public on the chain, and there are many: a bound for each address, and
 * only to a request that shows some collector, as others can get nothing.
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
