// Buying time or calls: the payment goes through payOnce, and what it bought is credited once, whatever crashes.
import { z } from "zod";
import type { Admitted } from "./admit.ts";
import type { RouteConfig } from "./gateway-config.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { announceSession, sessionId } from "./session-token.ts";
import { takePayment } from "./take-payment.ts";

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
  const { route, stores, issueToken } = context;
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
  return takePayment(context, asked, admitted, {
    order: "settle-then-serve",
    serve: credit,
    // A token opens the route, so none is kept: it is made again of the payment.
    keep: {
      write: ({ session, ...rest }) => JSON.stringify({ ...rest, prolonged: session === presentedToken }),
      read(text) {
        const { prolonged, ...rest } = keptPurchase.parse(JSON.parse(text));
        return {
          ...rest,
          session: prolonged && presentedToken !== undefined ? presentedToken : issueToken(payment.key),
        };
      },
    },
    answer: (result, told, again) => Response.json(result, { status: again ? 200 : 201, headers: told }),
  });
}

const keptPurchase = z.object({
  expiresAt: z.string(),
  callsLeft: z.string().exactOptional(),
  prolonged: z.boolean(),
});

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
