// Buying time or calls: the payment goes through payOnce, and what it bought is credited once, whatever crashes.
import { payOnce } from "@tollbooth-stores/core";
import type { Admitted } from "./admit.ts";
import { alreadyUsed, paymentRequired, pending, receiptHeader } from "./answers.ts";
import type { RouteConfig } from "./gateway-config.ts";
import { nonceUsedReason, paymentSteps } from "./payment-steps.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { announceSession, sessionId } from "./session-token.ts";

/** The routes that are used by session. */
export type SessionRoute = Extract<RouteConfig, { kind: "time-window" | "calls" }>;

/** The quota that a route of kind "calls" spends from. */
export const callsQuota = "calls";

interface Bought {
  session: string;
  expiresAt: string;
  /** Only where calls are sold. */
  callsLeft?: string;
}

/**
 * Settles, then credits: nothing is given that was not paid for. Who crashes in between leaves it to the next one who
 * presents the payment, and the credit's opId, the payment's key, makes it count once.
 */
export async function buySession(
  context: RouteContext<SessionRoute>,
  asked: Asked,
  admitted: Extract<Admitted, { status: "paying" }>,
  /** A session to prolong. */
  presentedToken: string | undefined,
): Promise<Response> {
  const { config, route, price, stores, issueToken } = context;
  const { signed, payment } = admitted;
  const told = (token: string, state: Credited) => {
    announceSession(route, sessionId(route, token), signed.payer, state.expiresAtMs, state.quotas?.[callsQuota]);
    return bought(token, state);
  };
  const credit = async (): Promise<Bought> => {
    const grant = {
      opId: payment.key,
      extendMs: route.kind === "time-window" ? route.windowMs : route.validForMs,
      ...(route.kind === "calls" && { quotas: { [callsQuota]: BigInt(route.calls) } }),
    };
    if (presentedToken !== undefined) {
      const prolonged = await stores.sessions.credit(sessionId(route, presentedToken), grant);
      if (prolonged.status === "ok") return told(presentedToken, prolonged);
    }
    const token = issueToken(payment.key);
    const createWith = { data: { payer: signed.payer } };
    const created = await stores.sessions.credit(sessionId(route, token), { ...grant, createWith });
    if (created.status === "ok") return told(token, created);
    // Only a replay finds what it created gone: it was credited before, and its time is over.
    return { session: token, expiresAt: new Date(0).toISOString() };
  };
  const steps = paymentSteps(config, price, signed);
  const paid = await payOnce<Bought>(
    stores.verifications,
    payment,
    { ...steps, verify: admitted.limited(steps.verify), serve: credit },
    { order: "settle-then-serve", leaseMs: config.paymentLeaseMs },
  );
  switch (paid.status) {
    case "paid":
      // The token is told once, to whoever was served: a settled authorization is public and proves nothing.
      if (!paid.fresh) return alreadyUsed(admitted.headers);
      return Response.json(paid.result, {
        status: 201,
        headers: { ...admitted.headers, ...receiptHeader(paid.receipt), "cache-control": "no-store" },
      });
    case "rejected":
      if (paid.reason === nonceUsedReason) return alreadyUsed(admitted.headers);
      return paymentRequired(asked.url, route, price, paid.reason, admitted.headers);
    case "conflict":
      return alreadyUsed(admitted.headers);
    case "pending":
      return pending(paid.retryAfterMs, admitted.headers);
  }
}

interface Credited {
  expiresAtMs: number;
  quotas?: Record<string, bigint>;
}

function bought(token: string, state: Credited): Bought {
  const calls = state.quotas?.[callsQuota];
  return {
    session: token,
    expiresAt: new Date(state.expiresAtMs).toISOString(),
    ...(calls !== undefined && { callsLeft: String(calls) }),
  };
}
