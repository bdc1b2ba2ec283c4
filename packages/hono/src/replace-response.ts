// Replaces the response that the handlers made.
import type { Context } from "hono";

/**
 * `before`: the headers that middleware had set until then. They stay, except where the response has its own. Those that were set
 * later belong to the response that is replaced.
 */
export function replaceResponse(c: Context, before: readonly (readonly [string, string])[], response: Response): void {
  for (const [name, value] of before) {
    if (name === "set-cookie") response.headers.append(name, value);
    else if (!response.headers.has(name)) response.headers.set(name, value);
  }
  // Hono would add the headers of the response that is there.
  c.res = undefined;
  c.res = response;
}
