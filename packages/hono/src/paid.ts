// Sells what the handlers behind it answer, through a gate.
import { AsyncLocalStorage } from "node:async_hooks";
import {
  answerOf,
  beforeGate,
  contextOf,
  DEFAULT_MAX_BODY_BYTES,
  isSoldAlready,
  type PaidGate,
  type PaidOptions,
  type PaymentInHand,
  readBody,
  responseOf,
} from "@tollbooth-stores/http";
import type { Context, MiddlewareHandler } from "hono";
import { replaceResponse } from "./replace-response.ts";

export type { PaidOptions } from "@tollbooth-stores/http";

/** `payment`: what the answer is made for. Undefined where the gate does not sell the request, or access is free. */
export interface PaidEnv {
  Variables: { payment?: PaymentInHand | undefined };
}

/** The gate that the handlers make an answer for. */
const sellers = new WeakMap<Context, PaidGate>();
/** Set in all that the handlers call. An application under `app.mount` has a Context and a Request of its own. */
const sale = new AsyncLocalStorage<true>();

/** True while the handlers make an answer that is sold. */
export function isBeingSold(): boolean {
  return sale.getStore() === true;
}

/**
 * The handlers behind it run at most once in a request. Their response is read whole, and the gate's answer is told in its place:
 * theirs where it was paid for.
 *
 * A request that the gate does not sell goes on from `app.use(paid(gate))` and `app.all(...)`, and its response streams as without
 * paid(). From a route of one method, as in `app.get("/quote", paid(gate), handler)`, it is 404. `unsold` says otherwise.
 *
 * Where the same gate sells the request already, the request goes on. Two gates that both sell it are a TypeError.
 *
 * Reads the request's body, which handlers find unread. Put it before middleware that reads bodies. What a handler throws reaches
 * `app.onError` as ever, and nothing is charged for it, whatever status `onError` answers. Hono's `stream`, `streamText` and
 * `streamSSE` end the body as if it were whole where their callback throws, so half an answer would be sold: answer with a
 * ReadableStream that errs.
 */
export function paid(
  gate: PaidGate,
  { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, maxAnswerBytes, unsold }: PaidOptions = {},
): MiddlewareHandler<PaidEnv> {
  return async (c, next) => {
    const context = contextOf(c.req.raw, c.req.path);
    if (isSoldAlready(gate, context, sellers.get(c))) return next();
    const first = beforeGate(gate, context, unsold ?? (isOfRoute(c) ? "refuse" : "pass"));
    if (first === "pass") return next();
    if (first !== "ask") return responseOf(first);
    const body = await bodyOf(c, maxBodyBytes);
    if (!(body instanceof Uint8Array)) return responseOf(body);
    const { headers } = c.res;
    const before = [...headers];
    let cookies: string[] = [];
    const answer = await gate.handle(context, body, async (payment) => {
      sellers.set(c, gate);
      c.set("payment", payment);
      await sale.run(true, next);
      // An error that onError answers as a success is none that was paid for.
      if (c.error !== undefined && c.res.status < 400) throw c.error;
      cookies = c.res.headers.getSetCookie();
      return answerOf(c.res, c.req.method, maxAnswerBytes);
    });
    if (answer === undefined) return next();
    replaceResponse(c, before, responseOf(answer, cookies));
    return undefined;
  };
}

/** `use` and `all` are for every method. Not by "hono/route": it knows only requests of its own copy of Hono. */
function isOfRoute({ req }: Context): boolean {
  return req.matchedRoutes[req.routeIndex]?.method !== "ALL";
}

async function bodyOf(c: Context, maxBodyBytes: number): Promise<Uint8Array | Awaited<ReturnType<typeof readBody>>> {
  if (!c.req.raw.bodyUsed) return readBody(c.req.raw, maxBodyBytes);
  const read = c.req.bodyCache.arrayBuffer;
  if (read === undefined) {
    throw new TypeError(
      "The request's body was read before paid(), and its bytes are gone. Put paid() before what reads it.",
    );
  }
  return readBody(new Request(c.req.url, { method: "POST", body: await read }), maxBodyBytes);
}
