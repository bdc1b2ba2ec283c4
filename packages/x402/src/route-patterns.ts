// What the keys of routes match: every handler that a router may run for a path must be paid for, at its own price.
import { METHODS } from "node:http";
import type { RouteConfig, RoutesConfig } from "@x402/core/server";

/** One route by itself is that of every request. */
export function byPattern(routes: RoutesConfig): Record<string, RouteConfig> {
  return isOne(routes) ? { "*": routes } : routes;
}

function isOne(routes: RoutesConfig): routes is RouteConfig {
  return "accepts" in routes;
}

/** What is matched of a request. `decodedPath`: as its router sees the path. */
interface Target {
  readonly path: string;
  readonly decodedPath?: string | undefined;
  readonly method: string;
}

/**
 * The first route that the router's path matches letter by letter. The SDK takes `/A`, `//a`, `/a/` and what it decodes once more for `/a`;
 * a router may take them for another route, whose handler would run at the price of `/a`.
 */
export function routesByLetter(routes: RoutesConfig): (target: Target) => RouteConfig | undefined {
  const compiled = Object.entries(byPattern(routes)).map(([pattern, route]) => {
    const [method = "", path = ""] = splitPattern(pattern);
    return { method: method.toUpperCase(), matches: expressionOf(path), route };
  });
  return ({ path, decodedPath = decoded(path), method }) => {
    const isOf = (each: { method: string }) => each.method === "*" || each.method === method.toUpperCase();
    return compiled.find((each) => isOf(each) && each.matches.test(decodedPath))?.route;
  };
}

/** As most routers have it: what stands for a slash or another sign of a URL stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** Of the SDK's patterns: `[name]` and `:name` are one segment, `*` is anything, and a last `/*` may be missing. */
function expressionOf(path: string): RegExp {
  const body = path
    .replace(/\/\*$/, "")
    .replace(/[\\$()+.?^{|}]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\[[^\]]+\]|:[a-zA-Z_][a-zA-Z0-9_]*/g, "[^/]+");
  return new RegExp(`^${body}${path.endsWith("/*") ? "(?:/.*)?" : ""}$`, "s");
}

function splitPattern(pattern: string): string[] {
  return pattern.includes(" ") ? pattern.split(/\s+/) : ["*", pattern];
}

/** Why a route's key matches no request, so that a handler would give its goods away. The key is "METHOD /path", "/path" or "*", as the SDK splits it. Undefined where requests can match it. */
export function patternObjection(pattern: string): string | undefined {
  const parts = splitPattern(pattern);
  const [method = "", path = ""] = parts;
  if (parts.length > 2) return 'its key must be "METHOD /path" or "/path".';
  if (method !== "*" && !METHODS.includes(method.toUpperCase())) return "its key names a method that does not exist.";
  if (!/^[/*]/.test(path)) return "the path in its key must begin with a slash.";
  if (/[?#]/.test(path)) return "the path in its key must end before the query: a route is sold whatever its query is.";
  // The SDK takes it away from each request's path.
  return /.\/$/.test(path) ? "the path in its key must not end with a slash." : undefined;
}
