// The session of a request as `c.var.session`, calls spent from it, and the sale of one.
import {
  addCookies,
  type HeldSession,
  isHeld,
  type RequestSession,
  requireSpend,
  responseOf,
  type SellSessionOptions,
  type SessionOptions,
  type SessionReader,
  type SpendOptions,
  sellSession as seller,
  sessionMovesOf,
  sessionReader,
  spendCall,
} from "@tollbooth-stores/http";
import type { Context, Handler, MiddlewareHandler, Next } from "hono";
import { isBeingSold, type PaidEnv } from "./paid.ts";

/** `session` as handlers find it behind `session()`. */
export interface SessionEnv<T> {
  Variables: { session: HeldSession<T> };
}

/** With `required: false`. */
export interface OptionalSessionEnv<T> {
  Variables: { session: RequestSession<T> };
}

/** Read by `spend`, whatever the session's data is. */
const sessions = new WeakMap<Context, RequestSession<unknown>>();

/**
 * Puts the session into `c.var.session`, by its cookie or its bearer token. Missing, malformed, over, or
 * not one that `opens` takes: 401, or with `required: false` a session without `record`. A store that is away: 503 with Retry-After.
 */
export function session<T>(options: SessionOptions<T> & { required: false }): MiddlewareHandler<OptionalSessionEnv<T>>;
export function session<T>(
  options: SessionOptions<T> & { required?: true | undefined },
): MiddlewareHandler<SessionEnv<T>>;
export function session<T>(
  options: SessionOptions<T>,
): MiddlewareHandler<OptionalSessionEnv<T>> | MiddlewareHandler<SessionEnv<T>> {
  const read = sessionReader(options);
  if (options.required === false) {
    const optional: MiddlewareHandler<OptionalSessionEnv<T>> = (c, next) =>
      withSession(c, next, read, (found) => c.set("session", found));
    return optional;
  }
  const required: MiddlewareHandler<SessionEnv<T>> = (c, next) =>
    withSession(c, next, read, (found) => {
      if (!isHeld(found)) throw new Error("A required session is missing.");
      c.set("session", found);
    });
  return required;
}

async function withSession<T>(
  c: Context,
  next: Next,
  read: SessionReader<T>,
  put: (session: RequestSession<T>) => void,
): Promise<Response | undefined> {
  /** Of several the last one counts. */
  let cookie: { line: string; before: string[] } | undefined;
  const teller = {
    requireTellable() {
      if (c.finalized) throw new TypeError("The response is made already, so the session's cookie cannot be told.");
      if (isBeingSold(c))
        throw new TypeError("An answer that is sold cannot change the session: do so on another route.");
    },
    tell(line: string) {
      cookie = { line, before: c.newResponse(null, 200).headers.getSetCookie() };
    },
  };
  const { session: found, refused } = await read(
    (name) => c.req.header(name),
    teller,
    c.req.raw.signal,
    sessionMovesOf(c),
  );
  if (refused !== undefined) return responseOf(refused);
  sessions.set(c, found);
  put(found);
  await next();
  if (cookie !== undefined) tellCookie(c, cookie);
  return undefined;
}

/**
 * At the end, because a handler's own Response replaces what was set before it. But in its place in time, between what was set before
 * and after it: the cookie of a session that was sold or opened since, which may have the same name, wins.
 */
function tellCookie(c: Context, { line, before }: { line: string; before: readonly string[] }): void {
  const set = c.res.headers.getSetCookie();
  const earlier = set.filter((other) => before.includes(other));
  const later = set.filter((other) => !before.includes(other));
  c.header("set-cookie", undefined);
  for (const cookie of addCookies(addCookies(earlier, [line]), later)) c.header("set-cookie", cookie, { append: true });
}

/**
 * Takes one call from the session's quota, and gives it back where the handler throws or answers with 500 and above. Behind
 * `session()`. No call left: 402 (or `status`). A response that breaks off while it streams has used its call.
 */
export function spend(quota: string, options?: SpendOptions): MiddlewareHandler {
  requireSpend(quota, options);
  return async (c, next) => {
    const found = sessions.get(c);
    if (found === undefined) throw new TypeError("spend() needs session() before it.");
    const { spent, refused } = await spendCall(found, quota, options);
    if (refused !== undefined) return responseOf(refused);
    let threw = true;
    try {
      await next();
      // Not finalized: a handler returned nothing, which Hono answers with 500.
      threw = c.error !== undefined || !c.finalized || c.res.status >= 500;
      // At the end: a handler's own Response replaces what was set before it.
      if (!threw && options?.header !== undefined) c.header(options.header, String(spent.remaining));
    } finally {
      if (threw) await spent.giveBack();
    }
    return undefined;
  };
}

/** Sells a session behind `paid(gate)`: see `sellSession` of @tollbooth-stores/http, and how that gate is to be set. */
export function sellSession<T>(options: SellSessionOptions<T>): Handler<PaidEnv> {
  const sell = seller(options);
  return async (c) => {
    const payment = c.get("payment");
    if (payment === undefined)
      throw new TypeError("sellSession() needs paid() before it, with a gate that sells this route.");
    const response = responseOf(await sell(payment, (name) => c.req.header(name), sessionMovesOf(c)));
    // Where middleware behind paid() has used `c.res`, Hono puts the cookies that are there in the place of a response's own.
    for (const line of response.headers.getSetCookie()) c.header("set-cookie", line, { append: true });
    return response;
  };
}
