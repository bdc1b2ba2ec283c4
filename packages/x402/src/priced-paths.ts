// The path of a request as its route's price and payTo functions are asked by it.
import type { RequestAdapter } from "@tollbooth-stores/http";
import { inUrl, plainPath } from "./route-patterns.ts";

/**
 * The path as handlers see their parameters: decoded, and without a last slash; the rest of it as the route's key has it. So a price by
 * `/models/big` is that of `/Models/bi%67` too, where the router heeds no case.
 *
 * `other`: in the other spelling that the same handler runs for, where they differ in what a `*` of the key stands for. The case of a
 * part that the key names counts.
 */
export function pathsAsPriced(context: unknown): { path: string; other: string | undefined } | undefined {
  const { path, decodedPath, otherSpelling, routePattern }: Record<string, unknown> = Object(context);
  if (typeof path !== "string") return undefined;
  const pattern = typeof routePattern === "string" ? routePattern : "";
  const plain = plainPath(path, pattern);
  const wildcard = pattern.split("/").findIndex((segment) => segment.includes("*"));
  if (typeof otherSpelling !== "string" || wildcard < 0) return { path: plain, other: undefined };
  // It is that of the router's path. Where only the sent one is sold, middleware has rewritten that one.
  const segments = plainPath(path === decodedPath ? otherSpelling : path.toLowerCase(), pattern).split("/");
  const other = [...plain.split("/").slice(0, wildcard), ...segments.slice(wildcard)].join("/");
  return { path: plain, other: other === plain ? undefined : other };
}

/** The context as if the request were sent for `path`. */
export function pricedAs<Context>(path: string, context: Context, adapter: RequestAdapter): Context {
  const url = adapter.getUrl();
  const query = url.includes("?") ? url.slice(url.indexOf("?")) : "";
  const getUrl = () => `${new URL(url).origin}${inUrl(path)}${query}`;
  return { ...context, path, decodedPath: path, adapter: { ...adapter, getPath: () => path, getUrl } };
}
