// What the keys of routes match: every handler that a router may run for a path must be paid for, at its own price.
import { METHODS } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type { RouteConfig, RoutesConfig } from "@x402/core/server";

/** One route by itself is that of every request. */
export function byPattern(routes: RoutesConfig): Record<string, RouteConfig> {
  return isOne(routes) ? { "*": routes } : routes;
}

function isOne(routes: RoutesConfig): routes is RouteConfig {
  return "accepts" in routes;
}

/** The parts of a request that routes match. `decodedPath`: as its router sees the path. */
interface Target {
  readonly path: string;
  readonly decodedPath?: string | undefined;
  readonly method: string;
}

/** How routers differ: by case, and by a last slash. */
const readings = [
  ["s", ""],
  ["s", "/?"],
  ["is", ""],
  ["is", "/?"],
] as const;

/**
 * The routes that a router could take the path for. The SDK takes `/A`, `//a`, `/a/` and what it decodes once more for `/a`; a router may
 * heed case, or not, and a last slash, or not, and then another route's handler would run at the price of `/a`.
 */
export function routesByLetter(routes: RoutesConfig): (target: Target) => ReadonlySet<RouteConfig> {
  const compiled = Object.entries(byPattern(routes)).map(([pattern, route]) => {
    const [method = "", path = ""] = splitPattern(pattern);
    return { method: method.toUpperCase(), expressions: expressionsOf(path), route };
  });
  return ({ path, decodedPath, method }) => {
    const possible = compiled.filter((each) => each.method === "*" || each.method === method.toUpperCase());
    const paths = decodedPath === undefined ? [asRouted(path), decoded(path)] : [asRouted(decodedPath)];
    const found = new Set<RouteConfig>();
    for (const one of new Set(paths)) {
      for (const reading of readings.keys()) {
        const route = possible.find(({ expressions }) => expressions[reading]?.test(one))?.route;
        if (route !== undefined) found.add(route);
      }
    }
    return found;
  };
}

/** Of the SDK's patterns: `[name]` and `:name` are one segment, `*` is anything, and a last `/*` may be missing. */
function expressionsOf(path: string): RegExp[] {
  const body = path
    .replace(/\/\*$/, "")
    .replace(/[\\$()+.?^{|}]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\[[^\]]+\]|:[a-zA-Z_][a-zA-Z0-9_]*/g, "[^/]+");
  const rest = path.endsWith("/*") ? "(?:/.*)?" : "";
  return readings.map(([flags, end]) => new RegExp(`^${body}${rest}${end}$`, flags));
}

/** Whether the path of a route's key takes the path, for any router. */
export function isOfPattern(pattern: string, path: string): boolean {
  return expressionsOf(pattern)[3]?.test(path) === true;
}

/** Signs that no URL can hold are decoded, as their client had to encode them. A path that is encoded otherwise is read as it is. */
function asRouted(path: string): string {
  const plain = decoded(path);
  return encoded(plain).toLowerCase() === path.toLowerCase() ? plain : path;
}

function encoded(path: string): string {
  try {
    // What `decodeURI` has left as it was is not encoded twice.
    return encodeURI(path).replace(/%25(?=2[346BCF]|3[ABDF]|40)/gi, "%");
  } catch {
    return path;
  }
}

/** What stands for a slash or another sign of a URL stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/**
 * As the SDK matches it: each segment decoded but for its slashes, without doubled and last ones. What `pattern`, the path of a route's
 * key, says letter by letter is written as it is there. `%2F` stands for a slash within a segment, `%252F` for these three signs.
 */
export function plainPath(path: string, pattern: string): string {
  const literal = pattern.replace(/\*.*$/s, "*").split("/");
  const plain = path
    .split("/")
    .map((segment) => decodedRuns(segment).replace(/%(?=(?:25)*(?:2F|5C))|[/\\]/gi, encodeURIComponent))
    .join("/")
    .replace(/\/+/g, "/")
    .replace(/(.)\/$/, "$1")
    .split("/");
  const isSame = (one: string, other = "") => one.toLowerCase() === other.toLowerCase();
  return plain.map((segment, at) => (isSame(segment, literal[at]) ? literal[at] : segment)).join("/");
}

/** As Hono does it: what is no UTF-8 stays as it is, and the rest is decoded. Express refuses such a parameter. */
function decodedRuns(segment: string): string {
  return segment.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

/** The path of a URL whose segments are decoded to those of a `plainPath`: a decoded `?` or `#` must not end it. */
export function inUrl(plain: string): string {
  return encodeURI(plain)
    .replace(/%25((?:25)*(?:2F|5C))/gi, "%$1")
    .replace(/[?#]/g, encodeURIComponent);
}

function splitPattern(pattern: string): string[] {
  return pattern.includes(" ") ? pattern.split(/\s+/) : ["*", pattern];
}

/**
 * Why a route's key matches no request, so that a handler would give its goods away. The key is "METHOD /path", "/path" or "*", as the SDK
 * splits it. Undefined where requests can match it.
 */
export function patternObjection(pattern: string): string | undefined {
  const parts = splitPattern(pattern);
  const [method = "", path = ""] = parts;
  if (parts.length > 2) return 'its key must be "METHOD /path" or "/path".';
  if (method !== "*" && !METHODS.includes(method.toUpperCase())) return "its key names a method that does not exist.";
  if (!/^[/*]/.test(path)) return "the path in its key must begin with a slash.";
  // The SDK decodes each request's path, but for slashes.
  if (/%(?!2f|5c)[0-9a-f]{2}/i.test(path)) return "the path in its key must be written as it is decoded.";
  if (/[?#]/.test(path)) return "the path in its key must end before the query: a route is sold whatever its query is.";
  // The SDK takes it away from each request's path.
  return /.\/$/.test(path) ? "the path in its key must not end with a slash." : undefined;
}

/** The first key that takes all requests of a later one on other terms, so that these would never be asked. */
export function coveringKey(routes: RoutesConfig, pattern: string): string | undefined {
  const all = Object.entries(byPattern(routes));
  const [method = "", path = ""] = splitPattern(pattern);
  // Of many segments where a `*` is: a pattern that takes these takes any.
  const sample = path.replace(/\*/g, "\u0001/".repeat(20)).replace(/\[[^\]]+\]|:[a-zA-Z_][a-zA-Z0-9_]*/g, "\u0001");
  const { accepts } = byPattern(routes)[pattern] ?? {};
  const covers = ([key, route]: readonly [string, RouteConfig]) => {
    const [itsMethod = "", itsPath = ""] = splitPattern(key);
    if (itsMethod !== "*" && itsMethod.toUpperCase() !== method.toUpperCase()) return false;
    return expressionsOf(itsPath)[2]?.test(sample) === true && !isDeepStrictEqual(route.accepts, accepts);
  };
  return all
    .slice(
      0,
      all.findIndex(([key]) => key === pattern),
    )
    .find(covers)?.[0];
}
