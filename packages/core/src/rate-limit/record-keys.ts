// Names a rate limit's record by route, client, algorithm and window, and by nothing else.
import type { Pseudonymizer } from "../hashing.ts";
import { escapeRoute } from "../keys.ts";
import type { RateLimitCheck } from "./rate-limit-store.ts";

/**
 * Escaping a route takes as long as hashing a client, and a service has few routes. So this many escaped routes are
 * cached.
 */
const mostRoutes = 1_000;
const longestRoute = 200;

/** The rule that a record of this key belongs to: its route, algorithm and window. It is the key without the client. */
export function ruleOf(key: string): string {
  return key.slice(0, key.indexOf("{") + 1) + key.slice(key.lastIndexOf("}"));
}

/** Names the record of a check: `<keyPrefix>:<route>:{<client's hash>}:<tag><windowMs>`. */
export function recordKeys(
  keyPrefix: string,
  pseudonym: Pseudonymizer,
): (check: RateLimitCheck, tag: string, windowMs: number) => string {
  const heads = new Map<string, string>();
  const headOf = (route: string) => {
    const known = heads.get(route);
    if (known !== undefined) return known;
    const head = `${keyPrefix}:${escapeRoute(route)}:{`;
    // Routes taken from requests could fill the cache; then it starts again.
    if (heads.size >= mostRoutes) heads.clear();
    if (route.length <= longestRoute) heads.set(route, head);
    return head;
  };
  return (check, tag, windowMs) => `${headOf(check.route)}${pseudonym(check.client)}}:${tag}${windowMs}`;
}
