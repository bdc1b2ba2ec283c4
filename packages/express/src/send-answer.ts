// Sends a whole answer through Node's response.
import type { ServerResponse } from "node:http";
import type { Answer } from "@tollbooth-stores/http";

/** True where the client has gone, or the end was sent. */
export function isOver(response: ServerResponse): boolean {
  return response.destroyed || response.writableEnded || response.closed;
}

/** `cookies`: each Set-Cookie of the answer by itself. Headers that were set before stay, except where it has its own. */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  cookies: readonly string[] = [],
): void {
  if (isOver(response)) return;
  const before = cookiesOf(response);
  for (const [name, value] of Object.entries(headers)) {
    if (name !== "set-cookie") response.setHeader(name, value);
    else response.setHeader(name, [...before, ...(cookies.length > 0 ? cookies : [value])]);
  }
  response.removeHeader("transfer-encoding");
  // Such answers have no bytes, and may tell the length of those that they stand for.
  const standsForOther = status === 304 || response.req.method === "HEAD";
  if (status === 204) response.removeHeader("content-length");
  else if (!standsForOther) response.setHeader("content-length", body.byteLength);
  response.statusCode = status;
  response.end(body);
}

/** The lines of Set-Cookie that are set. */
export function cookiesOf(response: ServerResponse): string[] {
  const set = response.getHeader("set-cookie");
  return set === undefined ? [] : [set].flat().map(String);
}
