// Holds a route's clients to a rate limit, and tells them of it.
import type { ServerResponse } from "node:http";
import type { RateLimiter } from "@tollbooth-stores/core";
import { checkArguments } from "@tollbooth-stores/core/native";
import {
  addressReader,
  beforeLimit,
  type ClientIpOptions,
  type LimitOptions,
  type LimitTaken,
  limitGates,
  takeFromLimit,
} from "@tollbooth-stores/http";
import type { ExpressMiddleware, ExpressRequest } from "./express-types.ts";
import { contextOf, headerOf } from "./request-context.ts";
import { hasBegun, isOver } from "./send-answer.ts";
import { sendRefusal } from "./send-whole.ts";

/**
 * Takes one from the allowance of the client that `keyOf` names; several limits on a route are told together, in their order.
 * Denied: 429 with Retry-After. No name: 400, because a shared one would let one client use up the allowance of all. A store that
 * cannot answer: 503 with Retry-After; only core's `failOpen` admits then. The headers are on every answer. In front of a gate that
 * sells, give `unlessKnownTo`: a payer that was charged must be able to ask again. Where others have answered meanwhile, no handler runs. A
 * response that others have begun goes on without the headers; denied, it is an error. Throws STORE_CONFIG for what cannot be meant.
 */
export function limit<Request extends ExpressRequest>(
  rule: RateLimiter,
  keyOf: (request: Request) => string | undefined | Promise<string | undefined>,
  options?: LimitOptions,
): ExpressMiddleware<Request> {
  // clientIp itself names no client: it makes what does.
  const gates = limitGates(rule, Object.is(keyOf, clientIp) ? undefined : keyOf, options);

  /** Rejects where a client has gone while a gate or the store was asked. */
  async function decide(request: Request, response: ServerResponse): Promise<LimitTaken> {
    const before = await beforeLimit(gates, () => contextOf(request, response, false));
    if (before === "pass" || isOver(response)) return { headers: {} };
    const key = await keyOf(request);
    if (isOver(response)) return { headers: {} };
    const taken = await takeFromLimit(rule, request, key);
    // Where no gate could look the payment up, an allowed request goes on: the gate's own 503 has the payment's handle for the log.
    return before === "take" || taken.refused === undefined ? taken : { headers: taken.headers, refused: before };
  }

  return async (request, response, next) => {
    const taken = await decide(request, response).catch((error: unknown) => {
      // After the client has gone an error has no reader.
      if (!isOver(response)) throw error;
    });
    // Others may have answered meanwhile: a timeout in front, say.
    if (taken === undefined || isOver(response)) return;
    const { headers, refused } = taken;
    if (refused !== undefined) return sendRefusal(response, refused, "limit");
    if (!hasBegun(response)) for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    next();
  };
}

/** A `keyOf` by address. See `addressReader` of @tollbooth-stores/http for what counts behind proxies. */
export function clientIp(options: ClientIpOptions): (request: ExpressRequest) => string | undefined {
  const read = checkArguments("clientIp", () => addressReader(options));
  return (request) => read(request.socket.remoteAddress, headerOf(request, "x-forwarded-for"));
}
