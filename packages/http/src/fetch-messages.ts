// Between a gate and what speaks fetch: a Request becomes context and bytes, a Response an answer, and back.
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments } from "@tollbooth-stores/core/native";
import { type Answer, answerTooLarge, DEFAULT_MAX_ANSWER_BYTES, problem, wholeAnswer } from "./answer.ts";
import { requireBytes } from "./option-types.ts";
import type { RequestContext } from "./paid-gate.ts";

/** The most bytes of a body that are read where nothing else is said. */
export const DEFAULT_MAX_BODY_BYTES = 1_048_576;

/**
 * What a gate asks about a Request. Path and query are as they were sent. `decodedPath`: as a router matched it. Of a name that comes twice
 * in the query the first value counts, as in `searchParams.get`: a price must be that of what the handler reads. Throws STORE_CONFIG where
 * `request` is no Request of fetch.
 */
export function contextOf(request: Request, decodedPath?: string): RequestContext {
  checkArguments("contextOf", () => requireFetchRequest(request));
  const url = new URL(request.url);
  return {
    path: url.pathname,
    ...(decodedPath !== undefined && { decodedPath }),
    method: request.method,
    signal: request.signal,
    adapter: {
      getHeader: (name) => request.headers.get(name) ?? undefined,
      getMethod: () => request.method,
      getPath: () => url.pathname,
      getUrl: () => request.url,
      getAcceptHeader: () => request.headers.get("accept") ?? "",
      getUserAgent: () => request.headers.get("user-agent") ?? "",
      getQueryParam: (name) => url.searchParams.get(name) ?? undefined,
      getQueryParams: () => Object.fromEntries([...url.searchParams].toReversed()),
    },
  };
}

/** Throws STORE_CONFIG where JavaScript gives no Request of fetch. For the inside of `checkArguments`. */
export function requireFetchRequest(request: unknown): void {
  const { url, headers }: { url?: unknown; headers?: unknown } = Object(request);
  if (typeof url === "string" && typeof Object(headers).get === "function") return;
  throw new StoreError(
    "STORE_CONFIG",
    "request must be a Request of fetch, as a route handler gets it. Hono has it as c.req.raw; Express has none.",
  );
}

/**
 * The body's bytes, or the answer where there is none to go on with: 413 beyond `maxBodyBytes`, 400 where it breaks off. Reads a
 * copy, so that the handler finds the body unread. Rejects with the signal's reason where the client has gone, and with a TypeError
 * where the body was read before. STORE_CONFIG without a Request, or without a bound.
 */
export async function readBody(request: Request, maxBodyBytes: number): Promise<Uint8Array | Answer> {
  checkArguments("readBody", () => {
    requireFetchRequest(request);
    requireBytes("maxBodyBytes", maxBodyBytes);
  });
  if (request.bodyUsed || request.body?.locked) {
    throw new TypeError(
      "The request's body was read before paid(), and its bytes are gone. Put paid() before what reads it.",
    );
  }
  if (request.body === null) return new Uint8Array();
  if (Number(request.headers.get("content-length") ?? 0) > maxBodyBytes) return bodyTooLarge(maxBodyBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.clone().body ?? []) {
      length += chunk.byteLength;
      if (length > maxBodyBytes) {
        // The copy ends with the loop. This ends the upload.
        request.body.cancel().catch(() => undefined);
        return bodyTooLarge(maxBodyBytes);
      }
      chunks.push(chunk);
    }
  } catch {
    request.signal.throwIfAborted();
    return problem(400, "body_incomplete", "The body did not come to its end.");
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** 413: nothing is asked about such a request. */
export function bodyTooLarge(maxBodyBytes: number): Answer {
  return problem(413, "body_too_large", `At most ${maxBodyBytes} bytes are taken.`);
}

/**
 * Takes a Response whole. Rejects where there is none, and where its body was read, breaks off, is shorter than it says, or has more than
 * `maxAnswerBytes`: the rest is cancelled then. When `signal` aborts, the body is cancelled too, because its sale is over, and the promise
 * rejects with the signal's reason. `method`: the request's. Cookies are joined by ", ".
 */
export async function answerOf(
  response: Response | undefined,
  method = "GET",
  maxAnswerBytes: number = DEFAULT_MAX_ANSWER_BYTES,
  signal?: AbortSignal,
): Promise<Answer> {
  checkArguments("answerOf", () => requireBytes("maxAnswerBytes", maxAnswerBytes));
  if (!isFetchResponse(response)) throw notAResponse(response);
  // `Response.error()`: no status that can be sent.
  if (response.status < 200) throw new TypeError("The handler's response has no status.");
  // @hono/node-server sends nothing for it, so its payer would pay for what left before, or for nothing.
  if (response.headers.has("x-hono-already-sent")) throw new TypeError("The handler's response was already sent.");
  // Its stream would end at once, as that of an empty answer.
  if (response.bodyUsed) throw new TypeError("The body of the handler's response was read before.");
  const body = response.body === null ? new Uint8Array() : await bytesOf(response.body, maxAnswerBytes, signal);
  signal?.throwIfAborted();
  const cookies = response.headers.get("set-cookie");
  const headers = { ...Object.fromEntries(response.headers), ...(cookies !== null && { "set-cookie": cookies }) };
  return wholeAnswer({ status: response.status, headers, body }, method);
}

/** JavaScript's handlers may return anything. Not by `instanceof`: a response may be of another copy of fetch. */
function isFetchResponse(made: unknown): made is Response {
  const { status, headers, body }: { status?: unknown; headers?: unknown; body?: unknown } = Object(made);
  const isReadable = body === null || typeof Object(body).getReader === "function";
  return typeof status === "number" && typeof Object(headers).has === "function" && isReadable;
}

function notAResponse(made: unknown): TypeError {
  const kind = made === null ? "null" : `${typeof made === "object" ? "an" : "a"} ${typeof made}`;
  const but = made === undefined ? "" : `, but ${kind}`;
  return new TypeError(
    `The handler returned no response${but}: it must return a Response of fetch, such as Response.json({ quote: 42 }).`,
  );
}

/** What it has by then where `signal` aborts: a cancelled stream ends at once, however long its source takes. */
async function bytesOf(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const reader = body.getReader();
  const cancel = (reason: unknown) => void reader.cancel(reason).catch(() => undefined);
  const onAbort = () => cancel(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.byteLength;
      if (length > maxBytes) {
        const error = answerTooLarge(maxBytes);
        cancel(error);
        throw error;
      }
      chunks.push(next.value);
    }
    return new Uint8Array(Buffer.concat(chunks));
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** More than any `problem` has. */
const MAX_PROBLEM_BYTES = 16_384;

/**
 * The code of a `problem`, for a log; undefined where the response is another one. Reads a copy, and of JSON alone at most 16 KiB: a
 * response that was passed on from elsewhere may be of any size. Its code is another's word, and may be anything.
 */
export async function problemCode(response: Response): Promise<string | undefined> {
  if (response.bodyUsed || !isJson(response.headers.get("content-type") ?? "")) return undefined;
  const reader = response.clone().body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const next = await reader?.read();
      if (next === undefined || next.done) break;
      length += next.value.byteLength;
      if (length > MAX_PROBLEM_BYTES) return undefined;
      chunks.push(next.value);
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const { error }: { error?: unknown } = Object(body);
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  } finally {
    // Not awaited: the cancelling of a copy ends with the response itself.
    reader?.cancel().catch(() => undefined);
  }
}

function isJson(contentType: string): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType);
}

/**
 * `cookies`: each Set-Cookie of an answer by itself, because a comma is a part of some. They count only where they are the answer's: that
 * of a gate may be another than the handler's.
 */
export function responseOf({ status, headers, body }: Answer, cookies: readonly string[] = []): Response {
  const sent = new Headers(headers);
  if (cookies.length > 0 && sent.get("set-cookie") === cookies.join(", ")) {
    sent.delete("set-cookie");
    for (const cookie of cookies) sent.append("set-cookie", cookie);
  }
  const hasNoBody = body.byteLength === 0 || status === 204 || status === 205 || status === 304;
  return new Response(hasNoBody ? null : new Uint8Array(body), { status, headers: sent });
}
