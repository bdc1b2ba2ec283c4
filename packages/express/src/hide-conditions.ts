// Takes the conditional headers from the request whose answer is sold, from each view that Node gives of them.
import type { IncomingMessage } from "node:http";
import { hiddenHeaders } from "@tollbooth-stores/http";

/** Express itself reads them (`req.fresh`, `sendFile`), and a handler that asks another system passes them on. */
export function hideConditions(request: IncomingMessage): void {
  const { headers, rawHeaders, method = "GET" } = request;
  const hidden = hiddenHeaders(method).filter((name) => headers[name] !== undefined);
  if (hidden.length === 0) return;
  // Read before `rawHeaders` shrinks: Node makes it of them at its first reading, by their number at the start. HTTP/2 has none.
  const { headersDistinct }: { headersDistinct?: NodeJS.Dict<string[]> | undefined } = request;
  for (const name of hidden) {
    delete headers[name];
    delete headersDistinct?.[name];
    for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
      if (rawHeaders[at]?.toLowerCase() === name) rawHeaders.splice(at, 2);
    }
  }
}
