// The path of a request as its route's price and payTo functions are asked by it.
import { handlerReadingsOf, type RequestAdapter } from "@tollbooth-stores/http";
import { inUrl, isOfPattern, plainPath } from "./route-patterns.ts";

interface PricedPaths {
  path: string;
  others: readonly { path: string; by: "route" | "case" }[];
}

/**
 * The path as handlers see their parameters: decoded, and without a last slash; the rest of it as the route's key has it. So a price by
 * `/models/big` is that of `/Models/bi%67` too, where the router heeds no case.
 *
 * `others`: what the same handler may be asked for by this path too. In another letter case, where they differ in what a `*` of the key
 * stands for; the case of a part that the key names counts. And without a parameter's dots and control characters, and the slashes
 * around it.
 */
export function pathsAsPriced(context: unknown): PricedPaths | undefined {
  const { path, decodedPath, otherSpelling, routePattern }: Record<string, unknown> = Object(context);
  if (typeof path !== "string") return undefined;
  const pattern = typeof routePattern === "string" ? routePattern : "";
  const plain = plainPath(path, pattern);
  const others: { path: string; by: "route" | "case" }[] = handlerReadingsOf(path)
    .ofOneRoute.filter((reading) => isOfPattern(pattern, reading))
    .map((reading) => ({ path: plainPath(reading, pattern), by: "route" }));
  const wildcard = pattern.split("/").findIndex((segment) => segment.includes("*"));
  if (typeof otherSpelling === "string" && wildcard >= 0) {
    // It is that of the router's path. Where only the sent one is sold, middleware has rewritten that one.
    const segments = plainPath(path === decodedPath ? otherSpelling : path.toLowerCase(), pattern).split("/");
    const other = [...plain.split("/").slice(0, wildcard), ...segments.slice(wildcard)].join("/");
    others.push({ path: other, by: "case" });
  }
  return { path: plain, others: others.filter((other) => other.path !== plain) };
}

/** The context as if the request were sent for `path`. */
export function pricedAs<Context>(path: string, context: Context, adapter: RequestAdapter): Context {
  const url = adapter.getUrl();
  const query = url.includes("?") ? url.slice(url.indexOf("?")) : "";
  const getUrl = () => `${new URL(url).origin}${inUrl(path)}${query}`;
  return { ...context, path, decodedPath: path, adapter: { ...adapter, getPath: () => path, getUrl } };
}
