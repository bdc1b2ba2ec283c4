// Buying time or calls: the payment goes through payOnce, and what it bought is credited once, whatever crashes.
import type { StepContext } from "@tollbooth-stores/core";
import { z } from "zod";
import type { Admitted } from "./admit.ts";
import type { RouteConfig } from "./gateway-config.ts";
import { knownAs } from "./payment-record.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { sessionId } from "./session-token.ts";
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
 *
 * A crash after the credit leaves a session that runs, and whose token its payer never got. The next attempt finds that credit,
 * deletes the session, and credits a new one under an opId of its own. So the payer has one session, whole from the moment it is
 * told. A prolonged session has a holder, who used the time: its credit is not repeated while the session lasts.
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
  const credit = async ({ signal, fence }: StepContext): Promise<Bought> => {
    const opId = payment.key;
    const grant = {
      extendMs: route.kind === "time-window" ? route.windowMs : route.validForMs,
      ...(route.kind === "calls" && { quotas: { [callsQuota]: BigInt(route.calls) } }),
    };
    if (presentedToken !== undefined) {
      const prolonged = await stores.sessions.credit(sessionId(route, presentedToken), { ...grant, opId });
      if (prolonged.status === "ok") return bought(presentedToken, prolonged);
    }
    const token = issueToken(payment.key);
    const id = sessionId(route, token);
    const createWith = { data: { payer: signed.payer } };
    const created = await stores.sessions.credit(id, { ...grant, opId, createWith });
    if (created.status === "ok" && !created.replayed) return bought(token, created);
    // One who stood still for longer than its lease would throw away what another has told by now.
    signal.throwIfAborted();
    if ((await knownAs(stores, opId)) === "delivered") {
      throw new DOMException("Another attempt has delivered the session.", "TimeoutError");
    }
    await stores.sessions.delete(id);
    const anew = await stores.sessions.credit(id, { ...grant, opId: `${opId} ${fence}`, createWith });
    if (anew.status === "ok") return bought(token, anew);
    throw new Error("A session that was credited just now is gone.");
  };
  return takePayment(context, asked, admitted, {
    order: "settle-then-serve",
    serve: credit,
    // A token opens the route, so none is kept: it is made again of the payment.
    keep: {
      write({ session, ...rest }) {
        const prolonged = session === presentedToken;
        // Its time is to begin when it is told, so nothing is kept for one who has left.
        if (!prolonged) asked.signal.throwIfAborted();
        return JSON.stringify({ ...rest, prolonged });
      },
      read(text) {
        const { prolonged, ...rest } = keptPurchase.parse(JSON.parse(text));
        // Where the payment is owed, the throw makes serve buy a new session. A duplicate gets a conflict.
        if (!prolonged && Date.parse(rest.expiresAt) <= Date.now()) throw new Error("The session is over.");
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
