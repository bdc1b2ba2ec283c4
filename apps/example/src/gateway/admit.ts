// What happens before a payment is looked at by anybody else: the limit by address, and a payment read, canonical and proven.

import { type Payment, payloadHash, paymentFingerprint } from "@tollbooth-stores/core";
import { limitByAddress } from "./address-limit.ts";
import { alreadyUsed, paymentRequired, pending, problem } from "./answers.ts";
import { fateOf, referenceOf } from "./chain-lookup.ts";
import type { LimitAnswer } from "./limits.ts";
import { maxPaymentHeaderLength, objectionTo, readPayment, type SignedPayment } from "./payment-header.ts";
import { collectorOf, keyOf } from "./payment-identity.ts";
import { knownAs } from "./payment-record.ts";
import type { Asked, RouteContext } from "./request-context.ts";

/** A request that may go on. `limit` is what the limiter by address said: its headers are for whatever answer comes. */
export type Admitted =
  | { status: "refused"; response: Response }
  /** No payment came with it. */
  | { status: "unpaid"; limit: LimitAnswer }
  | {
      status: "paying";
      signed: SignedPayment;
      payment: Payment;
      /** Where it came from. */
      address: string;
      limit: LimitAnswer;
      /** Why it would not be taken today. The store knew it a moment ago, so it may collect; it begins nothing. */
      objection?: string | undefined;
    };

const askAgainAfterMs = 1_000;

/** Beyond any paymentTimeout: what claims to be valid for longer was never taken, and the store has limits of its own. */
const longestValidMs = 2 * 86_400_000;

/**
 * What can be checked here is checked here: a refused payment leaves nothing in any store. But the store may have lost what it
 * knew, so the chain is asked before "pay again" is said of a payment that could have been taken once.
 *
 * What the store knows goes on: a payment that is under way is never refused for being sent again as its payer was told to,
 * past the limit, past its time or at an earlier price. `boundTo` is whatever else the purchase depends on, asked for only
 * once the payment is proven.
 */
export async function admit(
  context: RouteContext,
  asked: Asked,
  headers: Headers,
  ip: string,
  boundTo: () => Promise<string | Uint8Array | undefined>,
): Promise<Admitted> {
  const { config, route, price, stores } = context;
  const refused = (response: Response): Admitted => ({ status: "refused", response });
  const limit = await limitByAddress(context, headers, ip);
  if (limit instanceof Response) return refused(limit);

  const read = await readPayment(headers, price);
  switch (read.status) {
    case "absent":
      return { status: "unpaid", limit };
    case "oversized":
      return refused(
        problem(
          431,
          "payment_too_large",
          `PAYMENT-SIGNATURE must have at most ${maxPaymentHeaderLength} characters.`,
          limit.headers,
        ),
      );
    case "malformed":
      return refused(problem(400, "malformed_payment", read.message, limit.headers));
    case "refused":
      return refused(paymentRequired(asked.url, route, price, read.reason, limit.headers));
  }

  const signed = read.payment;
  const { authorization, canonical, terms } = signed;
  const key = keyOf(signed);
  const objection = objectionTo(signed, price, config.paymentTimeoutMs);
  if (objection !== undefined && (await knownAs(stores, key)) === "nothing") {
    // An authorization cannot move money before its validAfter.
    const fate = objection === "not_yet_valid" ? "open" : await fateOf(config, signed);
    if (fate === "used") return refused(alreadyUsed(limit.headers));
    // Over by this clock alone, it may still settle.
    if (fate === "open" && objection === "expired") return refused(pending(askAgainAfterMs, limit.headers));
    return refused(paymentRequired(asked.url, route, price, objection, limit.headers));
  }
  const collector = collectorOf(headers);
  const payment: Payment = {
    key,
    // Of the canonical form, not of the header: the same payment written differently is verified once as well.
    payloadHash: payloadHash(canonical),
    // Of what was signed, not of the price list: of a new payment it is the same, and an old one keeps its own.
    fingerprint: paymentFingerprint({
      payTo: authorization.to,
      asset: terms.asset,
      amount: authorization.value,
      method: asked.method,
      origin: asked.origin,
      path: asked.path,
      // And to its collector: a stranger's on a payment that came without one makes it another purchase.
      bodyHash: `${payloadHash((await boundTo()) ?? "")} ${collector ?? ""}`,
    }),
    validUntilMs: Math.min(Number(authorization.validBefore) * 1_000, Date.now() + longestValidMs),
    collector,
    reference: referenceOf(signed),
  };
  return { status: "paying", signed, payment, address: ip, limit, objection };
}
