// What a gate asks about a Hono request.
import { contextOf as fetchContextOf, type RequestContext, sessionMovesOf } from "@tollbooth-stores/http";
import type { Context } from "hono";

/**
 * Path and query as Hono's router and handlers see them: a price by the query is the price of what they make. Of a name that comes twice
 * `c.req.query(name)` is the first value.
 */
export function contextOf(c: Context): RequestContext {
  const context = fetchContextOf(c.req.raw, c.req.path);
  return {
    ...context,
    sessionMoves: sessionMovesOf(c),
    adapter: {
      ...context.adapter,
      getQueryParam: (name) => c.req.query(name),
      getQueryParams: () => c.req.query(),
    },
  };
}
