// What happens before a payment is looked at by anybody else: limits, and a payment read, canonical and proven.
import { type Payment, payloadHash, paymentFingerprint, paymentKey, type Verify } from "@tollbooth-stores/core";
import { paymentRequired, problem, tooManyRequests } from "./answers.ts";
import type { LimitAnswer } from "./limits.ts";
import { PayerLimited } from "./payer-limited.ts";
import { maxPaymentHeaderLength, readPayment, type SignedPayment } from "./payment-header.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { throughOutage } from "./through-outage.ts";

/** A request that may go on. `headers` are the limiters', for whatever answer comes. */
export type Admitted =
  | { status: "refused"; response: Response }
  /** No payment came with it. */
  | { status: "unpaid"; limit: LimitAnswer }
  | {
      status: "paying";
      signed: SignedPayment;
      payment: Payment;
      readonly headers: Readonly<Record<string, string>>;
      /** `verify`, followed by the limit by payer for what it accepts. Throws PayerLimited. */
      limited(verify: Verify): Verify;
    };

/**
 * The limit by address, then the payment header. The limit by payer comes with the verification: a signature alone may be
 * an old one that anybody can read on the chain, and nobody's allowance is used up by presenting it. `boundTo` is whatever
 * else the purchase depends on.
 */
export async function admit(
  context: RouteContext,
  asked: Asked,
  headers: Headers,
  ip: string,
  boundTo: string | Uint8Array = "",
): Promise<Admitted> {
  const { config, route, price, limits } = context;
  const refused = (response: Response): Admitted => ({ status: "refused", response });
  const byIp = await limits.ip(ip);
  if (!byIp.allowed) return refused(tooManyRequests(byIp.headers));

  const read = await readPayment(headers, price);
  switch (read.status) {
    case "absent":
      return { status: "unpaid", limit: byIp };
    case "oversized":
      return refused(
        problem(
          431,
          "payment_too_large",
          `PAYMENT-SIGNATURE must have at most ${maxPaymentHeaderLength} characters.`,
          byIp.headers,
        ),
      );
    case "malformed":
      return refused(problem(400, "malformed_payment", read.message, byIp.headers));
    case "refused":
      return refused(paymentRequired(asked.url, route, price, read.reason, byIp.headers));
  }

  const { authorization, payer, canonical } = read.payment;
  const payment: Payment = {
    key: paymentKey({
      scheme: "eip3009",
      network: config.network,
      contract: price.asset,
      payer,
      nonce: authorization.nonce,
    }),
    // Of the canonical form, not of the header: the same payment written differently is verified once as well.
    payloadHash: payloadHash(canonical),
    fingerprint: paymentFingerprint({
      payTo: config.payTo,
      asset: price.asset,
      amount: price.amount,
      method: asked.method,
      origin: asked.origin,
      path: asked.path,
      bodyHash: payloadHash(boundTo),
    }),
    // A payment for longer than `paymentTimeout` is refused by `verify`: the gateway's own bound is the later one.
    validUntilMs: Date.now() + config.paymentTimeoutMs + 60_000,
  };
  let told = byIp.headers;
  return {
    status: "paying",
    signed: read.payment,
    payment,
    get headers() {
      return told;
    },
    limited: (verify) => async (step) => {
      const verified = await verify(step);
      if (!verified.ok) return verified;
      // A limiter that cannot be asked would throw the verification away: it would be asked for again.
      const byPayer = await throughOutage(() => limits.payer(payer, byIp), config.paymentLeaseMs, step.signal);
      told = byPayer.headers;
      if (!byPayer.allowed) throw new PayerLimited(byPayer.headers);
      return verified;
    },
  };
}
