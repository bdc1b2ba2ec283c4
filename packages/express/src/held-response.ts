// Holds back what handlers write, until the gate has decided what is sent in its place.

import type { ServerResponse } from "node:http";
import { isUint8Array } from "node:util/types";
import { type Answer, answerTooLarge, wholeAnswer } from "@tollbooth-stores/http";
import { drainListeners, mayGoOn } from "./back-pressure.ts";
import { heldHead } from "./held-head.ts";
import { answeredByOthers } from "./others-answer.ts";
import { pipedSources } from "./piped-sources.ts";
import { member, replaceMembers } from "./replace-members.ts";
import { goneOf } from "./request-context.ts";
import { isInFront } from "./running.ts";
import { sealResponse, sealSentResponse } from "./seal-response.ts";
import { cookiesOf, hasBegun } from "./send-answer.ts";

/** `cookies`: each Set-Cookie of the handlers by itself. Those that were set before stay with the response. */
interface HeldAnswer {
  answer: Answer;
  cookies: readonly string[];
}

export interface HeldResponse {
  /**
   * What the handlers answer, once they end it. Rejects when the client goes before or hears the answer of others, where it has fewer
   * bytes than it says, and as soon as it has more than `maxAnswerBytes`. Settles while the response is open only if they end it. What
   * they do after the end is dropped. A failure that others write takes nothing of theirs: it would give the goods away.
   */
  readonly answer: Promise<HeldAnswer>;
  /** Whether the handlers have ended it. */
  hasEnded(): boolean;
  /** For a head that others write now: it is theirs, and from here on the handlers change nothing. */
  giveWay(): void;
  /** Lets the response through to its client again, as it was before the handlers. */
  release(): void;
}

type Callback = (error?: Error | null) => void;

/** Takes the place of the response's writing methods. Status and headers stay with Node's response, which handlers read too. */
export function holdResponse(response: ServerResponse, maxAnswerBytes: number, isHandler: () => boolean): HeldResponse {
  const before = heldHead(response, isHandler);
  const chunks: Buffer[] = [];
  let length = 0;
  let head: { status: number; headers: Record<string, string>; cookies: string[] } | undefined;
  let unseal: (() => void) | undefined;
  let hasEnded = false;
  let isReleased = false;
  let resolve: (made: HeldAnswer) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<HeldAnswer>((...settle) => {
    [resolve, reject] = settle;
  });
  const stopSources = pipedSources(response, isHandler);
  // A gate that has given up waiting hears nothing of it.
  promise.catch(stopSources);
  const { signal } = goneOf(response);
  const onGone = () => reject(signal.reason);
  if (signal.aborted) onGone();
  signal.addEventListener("abort", onGone);
  const onFinish = () => reject(answeredByOthers());
  response.once("finish", onFinish);

  // Middleware behind paid() may have kept these methods.
  const isOver = () => hasEnded || isReleased;
  const isShutOut = () => isHandler() && before.isOthersFailure() && (head?.status ?? 500) >= 400;

  /** Middleware in front may answer with a success and still call next(), with sendFile for example. Its answer is not sold. */
  const endsSale = (): boolean => {
    if (isOver() || (head?.status ?? response.statusCode) >= 400 || !isInFront(response.req)) return false;
    reject(answeredByOthers());
    return true;
  };

  function fixHead(): void {
    const cookies = cookiesOf(response).filter((line) => !before.cookies.includes(line));
    head ??= { status: response.statusCode, headers: plainHeaders(response, cookies), cookies };
  }
  /** As Node does: through writeHead, which middleware may have replaced in order to be told. */
  function implicitHead(): void {
    if (isOver() || isShutOut()) return;
    if (head === undefined) response.writeHead(response.statusCode);
    fixHead();
  }
  const take = (chunk: unknown, encoding: unknown): void => {
    const bytes = bytesOf(chunk, encoding);
    if (isOver() || isShutOut() || endsSale()) return;
    // After the check, as Node does: a chunk that is none leaves the head to error handlers.
    implicitHead();
    length += bytes.byteLength;
    if (length <= maxAnswerBytes) chunks.push(bytes);
    else {
      chunks.length = 0;
      reject(answerTooLarge(maxAnswerBytes));
    }
  };

  const letGo = replaceMembers(response, {
    ...before.members,
    ...drainListeners(response, isHandler),
    writeHead: member((status: number, ...rest: unknown[]) => {
      if (isOver() || isShutOut()) return response;
      if (head !== undefined) throw headersSent();
      response.statusCode = status;
      setAll(
        response,
        rest.find((argument) => typeof argument === "object" && argument !== null),
      );
      fixHead();
      return response;
    }),
    // Middleware that wraps the response calls it, compression for one.
    _implicitHeader: member(implicitHead),
    flushHeaders: member(implicitHead),
    write: member((chunk: unknown, ...rest: unknown[]) => {
      take(chunk, rest[0]);
      callLater(rest);
      // "drain" is emitted in the writer's async context: after one by others, a waiting handler would go on as if it were they.
      return !isHandler() || mayGoOn(response, chunk);
    }),
    end: member((...given: unknown[]) => {
      if (isOver() || endsSale()) return response;
      // The writer of others' failure may be a handler's own driver, which lost its async context. Then this end is the only one.
      const cutsGoods = !isHandler() && before.isOthersFailure() && head !== undefined && head.status < 400;
      if (isShutOut() || cutsGoods) reject(answeredByOthers());
      const [chunk] = given;
      if (chunk !== undefined && chunk !== null && typeof chunk !== "function") take(chunk, given[1]);
      implicitHead();
      // Middleware behind paid() may have kept bytes of the handlers, and sends them together with the end of others.
      const hasMore = before.isOthersFailure() && length > Number(head?.headers["content-length"] ?? length);
      if (hasMore) reject(answeredByOthers());
      const done = given.find(isCallback);
      if (done !== undefined) response.once("finish", () => done());
      hasEnded = true;
      unseal = sealResponse(response);
      const { status, headers, cookies } = head ?? { status: 200, headers: {}, cookies: [] };
      try {
        const answer = { status, headers, body: new Uint8Array(Buffer.concat(chunks)) };
        resolve({ answer: wholeAnswer(answer, response.req.method ?? "GET"), cookies });
      } catch (error) {
        reject(error);
      }
      return response;
    }),
    writeContinue: member((...given: unknown[]) => callLater(given)),
    writeEarlyHints: member((...given: unknown[]) => callLater(given)),
    writeProcessing: member((...given: unknown[]) => callLater(given)),
    addTrailers: member(() => undefined),
    headersSent: { get: () => head !== undefined || hasBegun(response) },
  });

  return {
    answer: promise,
    hasEnded: () => hasEnded,
    giveWay() {
      isReleased = true;
      letGo();
      before.putBackForOthers();
      unseal = sealSentResponse(response);
    },
    release() {
      isReleased = true;
      if (!hasEnded) stopSources();
      signal.removeEventListener("abort", onGone);
      response.off("finish", onFinish);
      unseal?.();
      letGo();
      if (!response.headersSent) before.putBack();
    },
  };
}

/** `cookies` in the place of those that the response has. */
function plainHeaders(response: ServerResponse, cookies: string[]): Record<string, string> {
  const { "set-cookie": _all, ...headers } = response.getHeaders();
  return Object.fromEntries(
    Object.entries({ ...headers, ...(cookies.length > 0 && { "set-cookie": cookies }) }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : String(value)]],
    ),
  );
}

function bytesOf(chunk: unknown, encoding: unknown): Buffer {
  if (typeof chunk === "string") return Buffer.from(chunk, isEncoding(encoding) ? encoding : "utf8");
  if (isUint8Array(chunk)) return Buffer.from(chunk);
  throw new TypeError("A chunk of a response must be a string or a Uint8Array.");
}

/** The headers of writeHead: an object, a list of name, value, name, value, or a list of pairs. */
function setAll(response: ServerResponse, headers: unknown): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(Object(headers))) set(response, name, value);
    return;
  }
  const flat: unknown[] = headers.some(Array.isArray) ? headers.flat() : headers;
  const names = flat.filter((_, index) => index % 2 === 0).map(String);
  for (const name of new Set(names)) {
    const values = flat.filter((_, index) => index % 2 === 1 && String(flat[index - 1]) === name).map(String);
    set(response, name, values.length === 1 ? values[0] : values);
  }
}

function set(response: ServerResponse, name: string, value: unknown): void {
  if (value === undefined) return;
  response.setHeader(name, Array.isArray(value) ? value.map(String) : String(value));
}

function callLater(given: readonly unknown[]): void {
  const done = given.find(isCallback);
  if (done !== undefined) process.nextTick(() => done());
}

function isCallback(argument: unknown): argument is Callback {
  return typeof argument === "function";
}

function isEncoding(encoding: unknown): encoding is BufferEncoding {
  return typeof encoding === "string" && Buffer.isEncoding(encoding);
}

/** What Node throws there. */
function headersSent(): Error {
  return Object.assign(new Error("Cannot write headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}
