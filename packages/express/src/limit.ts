// Holds a route's clients to a rate limit, and tells them of it.
import type { RateLimiter } from "@tollbooth-stores/core";
import {
  addressReader,
  type ClientIpOptions,
  type LimitOptions,
  requireLimit,
  takeFromLimit,
} from "@tollbooth-stores/http";
import type { ExpressMiddleware, ExpressRequest } from "./express-types.ts";
import { contextOf, headerOf } from "./request-context.ts";
import { sendAnswer } from "./send-answer.ts";

/**
 * Takes one from the allowance of the client that `keyOf` names; several limits on a route are told together, in their order.
 * Denied: 429 with Retry-After. No name: 400, because a shared one would let one client use up the allowance of all. A store that
 * cannot answer: 503 with Retry-After; only core's `failOpen` admits then. The headers are on every answer. In front of a gate that
 * sells, give `unlessKnownTo`: who was charged must be able to ask again.
 */
export function limit<Request extends ExpressRequest>(
  rule: RateLimiter,
  keyOf: (request: Request) => string | undefined | Promise<string | undefined>,
  { unlessKnownTo: gate }: LimitOptions = {},
): ExpressMiddleware<Request> {
  requireLimit(rule, keyOf);
  return async (request, response, next) => {
    if (await gate?.knows(contextOf(request, response))) return next();
    const { headers, refused } = await takeFromLimit(rule, request, await keyOf(request));
    if (refused !== undefined) return sendAnswer(response, refused);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    next();
  };
}

/** A `keyOf` by address. See `addressReader` of @tollbooth-stores/http for what counts behind proxies. */
export function clientIp(options: ClientIpOptions): (request: ExpressRequest) => string | undefined {
  const read = addressReader(options);
  return (request) => read(request.socket.remoteAddress, headerOf(request, "x-forwarded-for"));
}
