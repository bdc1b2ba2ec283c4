// Holds a route's clients to a rate limit, and tells them of it.

import { type RateLimiter, StoreError } from "@tollbooth-stores/core";
import { checkArguments } from "@tollbooth-stores/core/native";
import {
  addressReader,
  beforeLimit,
  type ClientIpOptions,
  type LimitOptions,
  limitGates,
  limitHeadersOf,
  responseOf,
  takeFromLimit,
} from "@tollbooth-stores/http";
import type { Context, MiddlewareHandler } from "hono";
import type { GetConnInfo } from "hono/conninfo";
import { contextOf } from "./request-context.ts";

/**
 * Takes one from the allowance of the client that `keyOf` names; several limits on a route are told together, in their order.
 * Denied: 429 with Retry-After. No name: 400, because a shared one would let one client use up the allowance of all. A store that
 * cannot answer: 503 with Retry-After; only core's `failOpen` admits then. The headers are on every answer. In front of a gate that
 * sells, give `unlessKnownTo`: a payer that was charged must be able to ask again. Where others have answered meanwhile, no handler runs.
 * Throws STORE_CONFIG for what cannot be meant.
 */
export function limit(
  rule: RateLimiter,
  keyOf: (c: Context) => string | undefined | Promise<string | undefined>,
  options?: LimitOptions,
): MiddlewareHandler {
  // A caller may pass `clientIp` itself, which makes a `keyOf` and is none.
  const gates = limitGates(rule, Object.is(keyOf, clientIp) ? undefined : keyOf, options);
  return async (c, next) => {
    const before = await beforeLimit(gates, () => contextOf(c));
    if (before !== "pass") {
      const { refused } = await takeFromLimit(rule, c, await keyOf(c), c.req.raw.signal);
      // Where no gate could look the payment up, an allowed request goes on: the gate's own 503 has the payment's handle for the log.
      if (refused !== undefined) return responseOf(before === "take" ? refused : before);
    }
    // Others have answered meanwhile: a timeout in front, say.
    if (c.finalized) return undefined;
    await next();
    // Later limits are told too. A response that cannot have headers any more is an upgrade.
    if (c.res.status >= 200) for (const [name, value] of Object.entries(limitHeadersOf(c))) c.header(name, value);
    return undefined;
  };
}

/**
 * A `keyOf` by address. `connInfo` comes from the runtime's adapter: `getConnInfo` of "@hono/node-server/conninfo", say. See
 * `addressReader` of @tollbooth-stores/http for what counts behind proxies.
 */
export function clientIp(options: ClientIpOptions & { connInfo: GetConnInfo }): (c: Context) => string | undefined {
  const { connInfo, ...rest }: ClientIpOptions & { connInfo?: GetConnInfo } = Object(options);
  if (typeof connInfo !== "function") {
    throw new StoreError(
      "STORE_CONFIG",
      'clientIp(): connInfo must be your runtime\'s getConnInfo, of "@hono/node-server/conninfo" say.',
    );
  }
  const read = checkArguments("clientIp", () => addressReader(rest));
  return (c) => read(connInfo(c).remote.address, c.req.header("x-forwarded-for"));
}
