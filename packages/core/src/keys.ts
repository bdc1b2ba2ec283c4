// How keys are built. Braces are Redis Cluster hash tags: keys with the same tag share a slot.
import { sha256 } from "./hashing.ts";

const longestReadableRoute = 120;

/**
 * A route as it may appear in a key: readable, but with `:`, `{`, `}`, `*`, `?`, spaces, `%` and every other character
 * that could change a key's meaning percent-escaped (lone surrogates as `%uD800`). Different routes stay different.
 * Where the result is longer than 120 characters, it is cut and ends in `~` and the route's hash.
 */
export function escapeRoute(route: string): string {
  const escaped = route.replace(/[^A-Za-z0-9/_.-]/gu, (character) => {
    if (!character.isWellFormed()) return `%u${character.charCodeAt(0).toString(16).toUpperCase()}`;
    return Array.from(
      Buffer.from(character, "utf8"),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join("");
  });
  if (escaped.length <= longestReadableRoute) return escaped;
  return `${escaped.slice(0, 60)}~${sha256(route)}`;
}
