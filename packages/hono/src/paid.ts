// Sells what the handlers behind it answer, through a gate.
import { AsyncLocalStorage } from "node:async_hooks";
import { joinSignals } from "@tollbooth-stores/core/native";
import {
  answerOf,
  beforeGate,
  hiddenHeaders,
  hideConditions,
  isSoldAlready,
  type PaidGate,
  type PaidOptions,
  type PaymentInHand,
  paidSettings,
  readBody,
  responseOf,
  withOwnSignal,
} from "@tollbooth-stores/http";
import type { Context, MiddlewareHandler } from "hono";
import { withholdNodeResponse } from "./node-response.ts";
import { contextOf } from "./request-context.ts";
import { soldResponse } from "./sold-response.ts";

export type { PaidOptions } from "@tollbooth-stores/http";

/** `payment`: what the answer is made for. Undefined where the gate does not sell the request, or access is free. */
export interface PaidEnv {
  Variables: { payment?: PaymentInHand | undefined };
}

/** The gate that the handlers make an answer for. */
const sellers = new WeakMap<Context, PaidGate>();
/** The headers of the request that is being sold, for its handlers and all that they call. A timer of theirs keeps them after the sale. */
const sale = new AsyncLocalStorage<readonly [name: string, value: string][]>();

/**
 * True while the handlers make an answer that is sold, and in an application under `app.mount`, which has a Context and a Request of its
 * own: the client's headers are in both. Not in an application that a handler calls with a request of its own making.
 */
export function isBeingSold(c: Context): boolean {
  const sent = sale.getStore();
  if (sent === undefined) return false;
  return sellers.has(c) || sent.every(([name, value]) => c.req.header(name) === value);
}

/**
 * The handlers behind it run at most once in a request. Their response is read whole, and the gate's answer is sent in its place:
 * theirs where it was paid for. The request that they see has no Range and no conditional headers: a payment buys the whole answer. So
 * etag() goes behind paid(): in front of it, it would put a 304 in the place of what was sold.
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
 *
 * A handler that returns no response is an error. Where middleware in front answers first, as timeout() does, the sale ends: nothing is
 * charged, or the payment is owed, if it was being settled. What handlers do after the gate's answer, or after that of the middleware, is
 * dropped. Throws STORE_CONFIG without a gate, and for options that cannot be meant.
 */
export function paid(gate: PaidGate, options?: PaidOptions): MiddlewareHandler<PaidEnv> {
  const { maxBodyBytes, maxAnswerBytes, unsold } = paidSettings(gate, options);
  return async (c, next) => {
    const context = contextOf(c);
    if (isSoldAlready(gate, context, sellers.get(c))) return next();
    const first = beforeGate(gate, context, unsold ?? (isOfRoute(c) ? "refuse" : "pass"));
    if (first === "pass") return next();
    if (first !== "ask") return responseOf(first);
    // Middleware in front has answered already: the client would not get the goods.
    if (c.finalized) return undefined;
    const hidden = hiddenHeaders(c.req.method);
    const thisSale = [...c.req.raw.headers].filter(([name]) => !hidden.includes(name));
    const isHandler = () => sale.getStore() === thisSale;
    const node = withholdNodeResponse(c.env, isHandler);
    node.requireUnsent();
    const sold = soldResponse(c, isHandler);
    const ended = joinSignals([c.req.raw.signal, sold.answered]);
    let cookies: string[] = [];
    let failed: { error: unknown; response: Response } | undefined;
    try {
      const body = await bodyOf(c, maxBodyBytes);
      if (!(body instanceof Uint8Array)) return responseOf(body);
      // No one reads it.
      if (!(await node.ownTurn())) return new Response(null, { status: 499 });
      const serve = async (payment: PaymentInHand) => {
        sellers.set(c, gate);
        c.set("payment", payment);
        hideConditions(c.req.raw);
        node.requireUnsent();
        const response = await node.guard(() => sold.madeBy(() => sale.run(thisSale, next)), ended.abort);
        // An error that onError answers as a success is none that was paid for.
        if (c.error !== undefined && response.status < 400) {
          if (sold.isOnErrors()) failed = { error: c.error, response };
          throw c.error;
        }
        const made = await answerOf(response, c.req.method, maxAnswerBytes, payment.signal);
        node.requireUnsent();
        cookies = response.headers.getSetCookie();
        return made;
      };
      const served = { ...context, signal: ended.signal };
      const answer = await gate.handle(served, body, (payment) => withOwnSignal(payment, serve));
      if (sold.answered.aborted) return node.endDropped(c.res);
      const sent = node.sentByOthers();
      if (sent !== undefined) return sent;
      if (answer !== undefined) {
        sold.replace(responseOf(answer, cookies));
        return undefined;
      }
    } catch (error) {
      if (sold.answered.aborted) return node.endDropped(c.res);
      const sent = node.sentByOthers();
      if (sent !== undefined) return sent;
      // onError has answered this error, and is not asked again.
      if (failed === undefined || failed.error !== error) throw error;
      // A copy, because its Headers may be the application's own, for every answer.
      sold.replace(new Response(failed.response.body, failed.response));
      return undefined;
    } finally {
      ended.letGo();
      node.letGo();
      sold.end();
    }
    return next();
  };
}

/** `use` and `all` are for every method. Not by "hono/route": it knows only requests of its own copy of Hono. */
function isOfRoute({ req }: Context): boolean {
  return req.matchedRoutes[req.routeIndex]?.method !== "ALL";
}

/** Hono remembers a body that was read as bytes. */
async function bodyOf({ req }: Context, maxBodyBytes: number): ReturnType<typeof readBody> {
  const read = req.bodyCache.arrayBuffer;
  if (!req.raw.bodyUsed || read === undefined) return readBody(req.raw, maxBodyBytes);
  return readBody(new Request(req.url, { method: "POST", body: await read }), maxBodyBytes);
}
