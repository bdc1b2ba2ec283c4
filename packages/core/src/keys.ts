// How keys are built. The braces are Redis Cluster hash tags: whatever shares one shares a slot.
import { sha256 } from "./hashing.ts";

const longestReadableRoute = 120;

/**
 * A route as it may stand in a key: readable, but `:`, `{`, `}`, `*`, `?`, spaces, `%` and everything else that could
 * change a key's meaning is percent-escaped (lone surrogates as `%uD800`). Different routes stay different; one that
 * would be long is cut and ends in `~` and its hash.
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
