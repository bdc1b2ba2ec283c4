// The body that price functions and hooks read, where the caller's adapter has none: made of the very bytes that are sold.
import type { RequestAtOrigin } from "./request-at-origin.ts";

/** Leaves out a byte order mark, as `json()` of a fetch Request does. */
const utf8 = new TextDecoder();

/**
 * An adapter's own `getBody` stays: it has what its framework's handlers read. Otherwise it is the value of JSON, a copy of the bytes of
 * any other body, and undefined of none. Not by the content type, which a client writes as it likes, and `json()` of a fetch
 * Request does not ask for: a dear body of another type would have the price of a cheap one.
 */
export function withBody(request: RequestAtOrigin, body: Uint8Array): RequestAtOrigin {
  if (request.adapter.getBody !== undefined) return request;
  let read: { value: unknown } | undefined;
  const getBody = () => {
    read ??= { value: jsonOrBytes(body) };
    return read.value;
  };
  return { ...request, adapter: { ...request.adapter, getBody } };
}

function jsonOrBytes(body: Uint8Array): unknown {
  if (body.byteLength === 0) return undefined;
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    return new Uint8Array(body);
  }
}
