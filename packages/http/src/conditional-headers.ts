// The headers by which a request asks for less than the whole answer. A payment buys the whole one, so its handler does not see them.
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments } from "@tollbooth-stores/core/native";
import { requireFetchRequest } from "./fetch-messages.ts";

/** On other methods than GET they have no meaning by HTTP, but some file servers follow them there too. */
const ofAnyMethod: readonly string[] = ["range", "if-range", "if-modified-since"];
const ofReads: readonly string[] = [...ofAnyMethod, "if-none-match", "if-match", "if-unmodified-since"];

/**
 * The headers, in lower case, that a handler must not see while it makes an answer that is sold: with them it would answer 304 or a part,
 * and another request with the same payment would be told that. A PUT keeps its If-Match and If-None-Match: they guard what it changes.
 * Throws STORE_CONFIG without a method.
 */
export function hiddenHeaders(method: string): readonly string[] {
  checkArguments("hiddenHeaders", () => {
    if (typeof method !== "string")
      throw new StoreError("STORE_CONFIG", 'method must be the request\'s, such as "GET".');
  });
  return ["GET", "HEAD", "QUERY"].includes(method.toUpperCase()) ? ofReads : ofAnyMethod;
}

/**
 * Takes them from a fetch Request, which stays the same object. Some runtimes allow no change: there its `headers` are a copy without them.
 * Throws STORE_CONFIG for anything but a Request of fetch.
 */
export function hideConditions(request: Request): void {
  checkArguments("hideConditions", () => requireFetchRequest(request));
  const hidden = hiddenHeaders(request.method).filter((name) => request.headers.has(name));
  try {
    for (const name of hidden) request.headers.delete(name);
  } catch {
    const headers = new Headers(request.headers);
    for (const name of hidden) headers.delete(name);
    Object.defineProperty(request, "headers", { value: headers, configurable: true });
  }
}
