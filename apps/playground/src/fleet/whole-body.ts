// A request's body, read to its end before a gateway is asked: a client that dawdles holds none of a gateway's sockets.
import type { IncomingMessage } from "node:http";

/**
 * Resolves with the whole body; "too-large" as soon as it is known to be larger than `maxBytes`; "incomplete" where the
 * client is gone before its end.
 */
export function wholeBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | "too-large" | "incomplete"> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.resolve("too-large");
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const read = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off("data", read).pause();
      resolve("too-large");
    };
    request.on("data", read);
    request.once("end", () => resolve(Buffer.concat(chunks)));
    // Comes after "end" too, when the promise is settled already.
    request.once("close", () => resolve("incomplete"));
    request.once("error", () => resolve("incomplete"));
  });
}
