// A payment that came with a request, through payOnce: verified once, made once, settled once; and what its payer is told.
import {
  type Keep,
  type Paid,
  type PayOnceOptions,
  payOnce,
  type StepContext,
  type Verify,
} from "@tollbooth-stores/core";
import type { Admitted } from "./admit.ts";
import { alreadyUsed, owed, paymentRequired, pending, receiptHeader, tooManyRequests } from "./answers.ts";
import { chainUnavailable, lookUp } from "./chain-lookup.ts";
import { takePlaces } from "./payment-places.ts";
import { isBoundTo, mayBeCharged } from "./payment-record.ts";
import { paymentSteps } from "./payment-steps.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { UpstreamFailed } from "./upstream-client.ts";

/** What is sold. */
export interface Sale<R> {
  order: NonNullable<PayOnceOptions<R>["order"]>;
  serve(context: StepContext): Promise<R>;
  /** How the result becomes text for the payer whose answer was lost, and back. */
  keep: Pick<Keep<R>, "write" | "read">;
  /** `again`: it was delivered before. */
  answer(result: R, headers: Readonly<Record<string, string>>, again: boolean): Response;
}

/** How long a payer whose answer was lost can ask for it again. What was not delivered is kept until it is. */
const keptForMs = 3_600_000;

export async function takePayment<R>(
  context: RouteContext,
  asked: Asked,
  { signed, payment, address, limit, objection }: Extract<Admitted, { status: "paying" }>,
  sale: Sale<R>,
): Promise<Response> {
  const { config, route, price, stores, limits } = context;
  const { payer } = signed;
  const steps = paymentSteps(config, signed);
  const servesFirst = sale.order === "serve-then-settle";
  const places = await takePlaces(limits, stores, { key: payment.key, payer, address, servesFirst });
  let { headers } = limit;
  let overLimit = false;
  /**
   * The limit by payer comes last: a signature alone may be an old one that anybody can read on the chain, and nobody's
   * allowance is used up by presenting it. It is for new work, so it does not hold back what is under way.
   */
  const verifyNew: Verify = async (step) => {
    // What would not be taken today begins nothing, unless these very bytes were taken up when it would have been. So none
    // gets in under its own price while another payment of that nonce is given up.
    if (objection !== undefined && !(await isBoundTo(stores, payment))) {
      // A receipt that was recorded by hand for a lost record is collected by the payment that the chain has seen.
      const found = await lookUp(config, payment.reference).catch(chainUnavailable);
      return { ok: false, reason: objection, used: found !== "unknown" && "receipt" in found };
    }
    const verified = await steps.verify(step);
    if (!("ok" in verified && verified.ok)) return verified;
    const byPayer = await limits.payer(payer, limit).catch((error: unknown) => ({ allowed: false, error }));
    if (!byPayer.allowed && (await mayBeCharged(stores, payment.key))) return verified;
    if ("error" in byPayer) throw byPayer.error;
    headers = byPayer.headers;
    overLimit = !byPayer.allowed;
    return overLimit ? { later: true } : verified;
  };
  const verify: Verify = (step) => places.during(() => verifyNew(step));
  const serve = (step: StepContext) => places.make(() => sale.serve(step));

  let paid: Paid<R> | undefined;
  try {
    paid = await payOnce<R>(
      stores.verifications,
      payment,
      { ...steps, verify, serve },
      {
        order: sale.order,
        keep: { ...sale.keep, forMs: keptForMs },
        leaseMs: config.paymentLeaseMs,
        signal: asked.signal,
      },
    );
  } catch (error) {
    // Paid for, so owed: its payer must not be told that nothing was charged.
    if (error instanceof UpstreamFailed && (await mayBeCharged(stores, payment.key))) {
      return owed(error.message, headers);
    }
    throw error;
  } finally {
    places.leave(paid?.status === "paid");
  }

  switch (paid.status) {
    case "paid": {
      const told = {
        ...headers,
        ...receiptHeader(signed.terms.requirements.network, payer, paid.receipt),
        "cache-control": "no-store",
      };
      if (paid.fresh) return sale.answer(paid.result, told, false);
      // A settled authorization is public on the chain: only the collector shows that it is the payer who asks again.
      if (paid.kept === undefined || payment.collector === undefined) return alreadyUsed(headers);
      return sale.answer(paid.kept, told, true);
    }
    case "rejected":
      return paymentRequired(asked.url, route, price, paid.reason, headers);
    case "conflict":
      return alreadyUsed(headers);
    case "pending":
      return overLimit ? tooManyRequests(headers) : pending(paid.retryAfterMs, headers);
  }
}
