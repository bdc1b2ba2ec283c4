// Who may use the admin routes: a program that sends JSON, never a page of another origin in a browser.
import type { MiddlewareHandler } from "hono";

/**
 * A browser lets any page send text/plain anywhere, but asks before it sends JSON; and it always names the page's origin.
 * Refuses a body that is not JSON with 415, and any Origin with 403: no page of ours uses these routes.
 */
export const adminOnly: MiddlewareHandler = async (c, next) => {
  if (c.req.header("origin") !== undefined) return c.json({ error: "not for browsers" }, 403);
  const type = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (c.req.method !== "DELETE" && type !== "application/json") return c.json({ error: "send application/json" }, 415);
  return next();
};
