// Sends a whole answer through middleware in front that holds ends back. It may let an earlier end through, and drop this answer's.
import type { ServerResponse } from "node:http";
import type { Answer } from "@tollbooth-stores/http";
import { member } from "./replace-members.ts";
import { sealUntilFinish } from "./seal-response.ts";
import { hasBegun, hasBytes, isOver, sendAnswer } from "./send-answer.ts";

/**
 * Sends the answer. Whichever end middleware in front lets through later, and whatever that one writes, the bytes are the answer's: what
 * was charged is not lost where an application has answered before. `cookies` as `sendAnswer` has them.
 */
export function sendWhole(response: ServerResponse, answer: Answer, cookies: readonly string[] = []): void {
  sendAnswer(response, answer, cookies);
  if (isHeldInFront(response)) sendBytesOf(response, answer);
}

/** Sends the answer of a request whose handlers do not run: nothing that others do changes it. */
export function sendAlone(response: ServerResponse, answer: Answer): void {
  sendWhole(response, answer);
  if (isHeldInFront(response)) sealUntilFinish(response);
}

/**
 * Refuses the request in the name of the middleware `by`. Where others have answered meanwhile nothing is sent; where they began to, it
 * throws.
 */
export function sendRefusal(response: ServerResponse, refusal: Answer, by: string): void {
  if (isOver(response)) return;
  if (hasBegun(response)) throw new Error(`The response was begun by others before ${by}() could refuse it.`);
  sendAlone(response, refusal);
}

/** Neither Node nor a paid() around has taken the end. */
function isHeldInFront(response: ServerResponse): boolean {
  return !response.writableEnded && !hasBegun(response) && !isOver(response);
}

/**
 * For an answer whose head is set, and not written yet: all that Node writes goes through `_send`, whose first call comes with the
 * head.
 */
export function sendBytesOf(response: ServerResponse, answer: Answer): void {
  const bytes = hasBytes(response, answer) ? answer.body : new Uint8Array();
  const send: unknown = Reflect.get(response, "_send");
  if (typeof send !== "function") return;
  const length = response.getHeader("content-length");
  // Compression in front would be given the bytes of the other end.
  const control = response.getHeader("cache-control");
  response.setHeader("cache-control", control === undefined ? "no-transform" : `${control}, no-transform`);
  let isSent = false;
  const sendOwn = (data: unknown, encoding: unknown, done: unknown, size: unknown): unknown => {
    // Middleware has made another answer of it.
    if (response.getHeader("content-length") !== length)
      return Reflect.apply(send, response, [data, encoding, done, size]);
    const isFirst = !isSent && bytes.byteLength > 0;
    isSent = true;
    return Reflect.apply(
      send,
      response,
      isFirst ? [bytes, undefined, done, bytes.byteLength] : ["", "latin1", done, 0],
    );
  };
  Object.defineProperty(response, "_send", { ...member(sendOwn), configurable: true, enumerable: false });
}
