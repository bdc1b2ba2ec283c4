// The path that Express routes by, as its routes spell it. Routers heed no case unless told to, so a handler is behind many spellings.
import type { ExpressRequest } from "./express-types.ts";

interface RoutedPath {
  /** What the route spells letter by letter is written as it is there, the rest as it was sent. */
  readonly decodedPath: string;
  /** The rest in lower case. */
  readonly otherSpelling: string;
}

/** `isOnRoute`: the middleware that asks is on the route, which is known then. */
export function routedPathOf(request: ExpressRequest, isOnRoute: boolean): RoutedPath {
  const { baseUrl, path, route } = request;
  const { path: declared }: { path?: unknown } = Object(isOnRoute ? route : undefined);
  const sent = path.split("/");
  const literals = [declared]
    .flat()
    .filter((each) => typeof each === "string")
    .map(literalsOf)
    .find((each) => each.every((literal, at) => literal === undefined || isSame(literal, sent[at])));
  // A router's own index has the path "/", which no client sent.
  const isIndex = path === "/" && baseUrl !== "";
  const spelt = (rest: (segment: string) => string) =>
    isIndex ? rest(baseUrl) : rest(baseUrl) + sent.map((segment, at) => literals?.[at] ?? rest(segment)).join("/");
  return { decodedPath: spelt((segment) => segment), otherSpelling: spelt((segment) => segment.toLowerCase()) };
}

/** Its segments; undefined for a parameter. It ends where a segment may be missing, or be several: what follows has no certain place. */
function literalsOf(pattern: string): (string | undefined)[] {
  const segments = pattern.split("/").map((segment) => {
    if (/^:[\w$]+$/.test(segment)) return undefined;
    return /[:*{}()[\]\\"?+!]/.test(segment) ? "*" : segment;
  });
  const end = segments.indexOf("*");
  return end < 0 ? segments : segments.slice(0, end);
}

function isSame(one: string, other = ""): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
