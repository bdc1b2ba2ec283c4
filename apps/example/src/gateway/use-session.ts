// A route that is used by session: a token opens it while its time lasts, or takes one call from what was bought.
import { randomUUID } from "node:crypto";
import { admit } from "./admit.ts";
import { paymentRequired, tooManyRequests } from "./answers.ts";
import { buySession, callsQuota, type SessionRoute } from "./buy-session.ts";
import type { LimitAnswer } from "./limits.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { bearerToken, sessionId } from "./session-token.ts";
import { callUpstream } from "./upstream-client.ts";

/** Nobody waits for a shared lease here; the upstream's own deadline ends the call. */
const never = new AbortController().signal;

/** A payment buys (or prolongs) a session, a token uses it, and with neither the answer is 402. */
export async function sessionRoute(
  context: RouteContext<SessionRoute>,
  asked: Asked,
  headers: Headers,
  ip: string,
): Promise<Response> {
  const { route, price } = context;
  const token = bearerToken(headers.get("authorization") ?? undefined);
  // What the payment prolongs is part of what is bought: it cannot be diverted to another session.
  const admitted = await admit(context, asked, headers, ip, async () => `session:${token ?? ""}`);
  if (admitted.status === "refused") return admitted.response;
  if (admitted.status === "paying") return buySession(context, asked, admitted, token);
  if (token === undefined) return paymentRequired(asked.url, route, price, "payment_required", admitted.limit.headers);
  return useSession(context, asked, token, admitted.limit);
}

async function useSession(
  { config, route, price, stores, limits }: RouteContext<SessionRoute>,
  asked: Asked,
  token: string,
  byIp: LimitAnswer,
): Promise<Response> {
  const id = sessionId(route, token);
  const session = await stores.sessions.get(id);
  const over = (reason: "session_over" | "no_calls_left", limited: LimitAnswer["headers"]) =>
    paymentRequired(asked.url, route, price, reason, limited);
  if (session === null) return over("session_over", byIp.headers);
  const { allowed, headers } = await limits.payer(session.data.payer, byIp);
  if (!allowed) return tooManyRequests(headers);

  const opId = randomUUID();
  let left: bigint | undefined;
  if (route.kind === "calls") {
    const spent = await stores.sessions.debit(id, { quota: callsQuota, amount: 1n, opId });
    if (spent.status === "missing") return over("session_over", headers);
    if (spent.status === "insufficient") return over("no_calls_left", headers);
    left = spent.remaining;
  }
  try {
    const answer = await callUpstream(
      config.upstream,
      { ...asked, body: await asked.body(), paidBy: "session" },
      never,
    );
    return new Response(answer.body, {
      status: answer.status,
      headers: {
        ...headers,
        "content-type": answer.contentType,
        "cache-control": "no-store",
        "x-session-expires": new Date(session.expiresAtMs).toISOString(),
        ...(left !== undefined && { "x-calls-left": String(left) }),
      },
    });
  } catch (error) {
    // What was not delivered is given back, once, however often this runs.
    if (left !== undefined) await stores.sessions.credit(id, { opId: `back:${opId}`, quotas: { [callsQuota]: 1n } });
    throw error;
  }
}
