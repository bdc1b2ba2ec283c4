// Sends a whole answer through Node's response.
import type { ServerResponse } from "node:http";
import { type Answer, addCookies } from "@tollbooth-stores/http";

/** True where the client has gone, or the end was sent: by Node's own state, whatever stands in front of it. */
export function isOver(response: ServerResponse): boolean {
  return response.destroyed || response.closed || response.req.socket.destroyed || nodesOwn(response, "writableEnded");
}

/** True where a head was sent, as far as Node knows. */
export function hasBegun(response: ServerResponse): boolean {
  return nodesOwn(response, "headersSent");
}

function nodesOwn(response: ServerResponse, name: "headersSent" | "writableEnded"): boolean {
  return Reflect.get(Object(Object.getPrototypeOf(response)), name, response) === true;
}

/**
 * `cookies`: each Set-Cookie of an answer by itself. They count only where they are this answer's: that of a gate may be another than the
 * handlers'. Headers that were set before stay, except where it has its own.
 */
export function sendAnswer(response: ServerResponse, answer: Answer, cookies: readonly string[] = []): void {
  if (isOver(response)) return;
  setHead(response, answer, cookies);
  // Some servers refuse even no bytes where there must be none: `rejectNonStandardBodyWrites`.
  if (!hasBytes(response, answer)) response.end();
  else response.end(answer.body);
}

/** Status and headers of an answer that is sent later. */
export function setHead(
  response: ServerResponse,
  { status, headers, body }: Answer,
  cookies: readonly string[] = [],
): void {
  const before = cookiesOf(response);
  for (const [name, value] of Object.entries(headers)) {
    if (name !== "set-cookie") response.setHeader(name, value);
    else response.setHeader(name, addCookies(before, cookies.join(", ") === value ? cookies : [value]));
  }
  // An answer with a length has no trailers: Node throws where one is announced.
  for (const name of ["transfer-encoding", "trailer"]) response.removeHeader(name);
  // Such answers may tell the length of those that they stand for.
  if (status === 204) response.removeHeader("content-length");
  else if (!standsForOther(response, status)) response.setHeader("content-length", body.byteLength);
  response.statusCode = status;
}

/** False for those that have none by HTTP too. */
export function hasBytes(response: ServerResponse, { status, body }: Answer): boolean {
  return !standsForOther(response, status) && status !== 204 && body.byteLength > 0;
}

function standsForOther(response: ServerResponse, status: number): boolean {
  return status === 304 || response.req.method === "HEAD";
}

/** The lines of Set-Cookie that are set. */
export function cookiesOf(response: ServerResponse): string[] {
  const set = response.getHeader("set-cookie");
  return set === undefined ? [] : [set].flat().map(String);
}
