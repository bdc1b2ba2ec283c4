// The exact bytes of a request's body: kept by a parser before, or read here.

import type { IncomingMessage } from "node:http";
import { isUint8Array } from "node:util/types";
import { StoreError } from "@tollbooth-stores/core";
import { type Answer, bodyTooLarge, problem } from "@tollbooth-stores/http";
import type { ExpressRequest } from "./express-types.ts";

const kept = new WeakMap<IncomingMessage, Uint8Array>();

/** For parsers that come before paid(): `express.json({ verify: rawBody })`. Keeps the bytes that the payment is bound to. */
export function rawBody(request: IncomingMessage, _response: unknown, body: Uint8Array): void {
  if (Object(request) !== request || !isUint8Array(body)) {
    throw new StoreError(
      "STORE_CONFIG",
      "rawBody() is a parser's hook, given and not called: express.json({ verify: rawBody }).",
    );
  }
  kept.set(request, body);
}

/**
 * The bytes, or the answer where there is none to go on with: 413 beyond `maxBodyBytes`, 400 for JSON that is none. Undefined where
 * the client has gone. Where it reads the body itself, `request.body` is the value of JSON, or a Buffer of any other body, and of one
 * with a content-encoding.
 * Throws a TypeError where the bytes were read by a parser without `rawBody`.
 */
export async function bodyOf(request: ExpressRequest, maxBodyBytes: number): Promise<Uint8Array | Answer | undefined> {
  const known = kept.get(request);
  if (known !== undefined) return known.byteLength > maxBodyBytes ? bodyTooLarge(maxBodyBytes) : known;
  const length = request.headers["content-length"];
  if (request.headers["transfer-encoding"] === undefined && (length === undefined || length === "0"))
    return new Uint8Array();
  if (request.readableDidRead) {
    throw new TypeError(
      "The request's body was read before paid(), and its bytes are gone. " +
        "Give its parser paid()'s hook: express.json({ verify: rawBody }).",
    );
  }
  // A body of no bytes that others have read: it would never end again.
  if (request.readableEnded) return new Uint8Array();
  if (Number(length) > maxBodyBytes) return bodyTooLarge(maxBodyBytes);
  const body = await readWithin(request, maxBodyBytes);
  if (body === "too large") return bodyTooLarge(maxBodyBytes);
  if (body === "gone") return undefined;
  // paid() may stand twice on a route.
  kept.set(request, body);
  return setBody(request, body) ? body : problem(400, "malformed_json", "The body says that it is JSON, and is none.");
}

/** Leaves out a byte order mark, as parsers of JSON do. */
const utf8 = new TextDecoder();

function setBody(request: ExpressRequest, body: Buffer): boolean {
  const [type = ""] = (request.headers["content-type"] ?? "").split(";", 1);
  const isJson = /^application\/(?:[\w.+-]+\+)?json$/i.test(type.trim());
  // The payment is bound to the bytes that came, so they are not decoded here.
  const isEncoded = !/^(?:identity)?$/i.test((request.headers["content-encoding"] ?? "").trim());
  if (!isJson || isEncoded || body.byteLength === 0) {
    request.body = body;
    return true;
  }
  try {
    request.body = JSON.parse(utf8.decode(body));
    return true;
  } catch {
    return false;
  }
}

/** Leaves the connection open in any case, so that an answer can be sent. */
function readWithin(request: IncomingMessage, maxBytes: number): Promise<Buffer | "too large" | "gone"> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (result: Buffer | "too large" | "gone") => {
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      resolve(result);
    };
    const onEnd = () => finish(Buffer.concat(chunks));
    const onGone = () => {
      // What breaks off errs once more after the listeners are gone.
      request.on("error", () => undefined);
      finish("gone");
    };
    const onData = (chunk: Buffer) => {
      length += chunk.byteLength;
      if (length <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      finish("too large");
    };
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}
