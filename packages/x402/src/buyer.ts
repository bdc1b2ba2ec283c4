// For buyers: sends a request with its payment again until its outcome is known, so that no second payment is signed for it.
import { followWithoutPayment, isRedirect } from "./follow-redirects.ts";
import { quietly } from "./quietly.ts";

export interface Repetition {
  /** What came instead of an outcome. Its body may be read. Undefined where no answer came. */
  readonly answer: Response | undefined;
  /** Why no answer came. */
  readonly error: unknown;
  /** Until the request is sent again, in milliseconds. */
  readonly waitMs: number;
}

/** What a request with a payment is made of. To send it again later, give these to `fetch`, with the same body. */
export interface PaymentToSend {
  readonly url: string;
  readonly method: string;
  /**
   * All of the request's, by lower-case names: the payment's own among them. Keep them secret: their holder may be served in the payer's
   * place.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined of a GET. JSON leaves its bytes out, so write them down beside the rest. */
  readonly body: Blob | undefined;
}

export interface RepeatOptions {
  /**
   * Called once for each payment, before it is sent for the first time, so that it can be written down and survives a crash. It is awaited.
   * Where it throws or rejects, nothing is sent, and the call rejects with its error.
   */
  onPayment?: ((payment: PaymentToSend) => void | Promise<void>) | undefined;
  /** How long, in milliseconds, after its first sending the request may be sent again. Default 60,000. */
  forMs?: number | undefined;
  /** How often the request is sent, the first time included. Default 60. */
  attempts?: number | undefined;
  /** Called before each wait, and awaited. Where it fails, console.warn says so, and the request is sent again all the same. */
  onRepeat?: ((repetition: Repetition) => void | Promise<void>) | undefined;
  /** How to wait. Default: a timer. It rejects when the signal aborts. */
  wait?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** Without a Retry-After, and at the least. */
const SHORTEST_WAIT_MS = 1_000;
/**
 * 502 and 504 are a proxy's: it lost the server that may be taking the payment. The gate's own 504, of a handler that took too long, is
 * sent again too: nothing was charged, so the same payment may still buy the answer.
 */
const undecided: readonly number[] = [502, 503, 504];
/** A proxy, a firewall, a limit or a deploy in front of a gate says so, and does not know what became of the payment. */
const undecidedAfter: readonly number[] = [401, 403, 404, 408, 425, 429];
/** Node and browsers run a longer timer at once. */
const LONGEST_MS = 2 ** 31 - 1;
const known: readonly string[] = ["onPayment", "forMs", "attempts", "onRepeat", "wait"];

/**
 * Whether an answer says what became of the payment: what it bought (below 400), that it is refused (402), or used (409). Of any other
 * the payment may have been charged, by an earlier try: keep it, and send it again later.
 */
export function isDecided({ status }: Pick<Response, "status">): boolean {
  return (status >= 200 && status < 400) || status === 402 || status === 409;
}

/**
 * A `fetch` that sends a request with a payment again, the same payment and the same bytes, while the answer is 503 (or a proxy's 502
 * or 504) or does not come; after that also on 401, 403, 404, 408, 425 and 429, since a proxy, a firewall or a limit knows nothing of
 * the payment. It waits as Retry-After says, a second at the least. It signs nothing. A request without a payment goes to `fetch` as
 * it is.
 *
 * It follows redirects, to another origin without the payment, and gives that origin's answer as it is. Pages and web workers cannot
 * read where a redirect leads: there the browser follows it, with the payment where the other origin allows its header by CORS. A
 * request with `redirect: "error"` follows none. For the official client: `wrapFetchWithPayment(repeat503(fetch), client)`. The
 * other way round it sees no payment, and repeats nothing.
 *
 * Resolves with the first other answer, or with the last one where time or attempts are over; rejects with the last error where no
 * answer came then. **Where the answer is not `isDecided`, and where there is none, the payment may have been charged**: send it again
 * later, and sign no other one for the same purchase before it is no longer valid. Rejects with a TypeError at a redirect that the
 * request does not want, and with the reason of the request's own signal, which also ends a wait. An attempt that is under way when the time is over is not cut off. Throws a TypeError for options
 * that cannot be meant.
 */
export function repeat503(send: typeof fetch, options: RepeatOptions = {}): typeof fetch {
  const { forMs = 60_000, attempts = 60, onPayment, onRepeat, wait = pause } = requireOptions(send, options);
  return async (input, init) => {
    if (!hasPayment(input, init)) return send(input, init);
    const request = new Request(input, init);
    const isBare = request.method === "GET" || request.method === "HEAD";
    const body = isBare ? undefined : await unlessAborted(request.blob(), request.signal);
    request.signal.throwIfAborted();
    const { url, method, headers } = request;
    const payment = { url, method, headers: Object.fromEntries(headers), body };
    // Where the request ends meanwhile, the payment is not sent.
    await unlessAborted(
      Promise.resolve().then(() => onPayment?.(payment)),
      request.signal,
    );
    let spentMs = 0;
    let mayBeCharged = false;
    for (let sent = 1; ; sent += 1) {
      const beganMs = performance.now();
      const { answer, error, isElsewhere = false } = await attempt(send, request, body);
      const isUndecided = answer === undefined || undecided.includes(answer.status);
      const isOpen = isUndecided || (mayBeCharged && undecidedAfter.includes(answer.status));
      if (answer !== undefined && (isElsewhere || !isOpen)) return answer;
      mayBeCharged = true;
      const waitMs = waitAfter(answer);
      spentMs += performance.now() - beganMs + waitMs;
      const toldMs = performance.now();
      if (sent >= attempts || spentMs > forMs) {
        if (answer === undefined) throw error;
        return answer;
      }
      // The payment may be charged: a log that fails is no reason to give it up.
      await unlessAborted(
        quietly("repeat503: onRepeat", () => onRepeat?.({ answer, error, waitMs })),
        request.signal,
      );
      spentMs += performance.now() - toldMs;
      if (spentMs > forMs) {
        if (answer === undefined) throw error;
        return answer.bodyUsed ? new Response(null, answer) : answer;
      }
      // Not read to its end, which may never come.
      if (answer?.bodyUsed === false) await answer.body?.cancel().catch(() => undefined);
      await wait(waitMs, request.signal);
    }
  };
}

interface Attempt {
  answer: Response | undefined;
  error: unknown;
  /** Another origin's, which did not get the payment. */
  isElsewhere?: boolean;
}

/** A browser hides where a redirect leads, so it has to follow it itself. */
const hidesRedirects = "document" in globalThis || "importScripts" in globalThis;

/** Rejects where the request's own signal ended it. */
async function attempt(send: typeof fetch, request: Request, body: Blob | undefined): Promise<Attempt> {
  request.signal.throwIfAborted();
  // An unwanted redirect would reject as a lost answer does. As an answer it is known.
  const isUnwanted = request.redirect === "error";
  const isFollowed = request.redirect === "follow" && !hidesRedirects;
  const isManual = isUnwanted || isFollowed;
  const again = { ...(body !== undefined && { body }), ...(isManual && { redirect: "manual" as const }) };
  let answer: Response;
  try {
    answer = await send(new Request(request, again));
    if (isFollowed && isRedirect(answer))
      return { ...(await followWithoutPayment(send, request, body, answer)), error: undefined };
  } catch (error) {
    request.signal.throwIfAborted();
    return { answer: undefined, error };
  }
  if (isUnwanted && isRedirect(answer)) {
    await answer.body?.cancel().catch(() => undefined);
    throw new TypeError('The answer is a redirect, and the request says redirect: "error". It was not sent again.');
  }
  return { answer, error: undefined };
}

/** As `promise`, but rejects when the signal aborts: a stream or a callback may never end. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}

/** Of either version of x402. Reads no body. */
function hasPayment(input: string | URL | Request, init: RequestInit | undefined): boolean {
  const own = typeof input === "object" && "headers" in input ? input.headers : undefined;
  const headers = new Headers(init?.headers ?? own);
  return headers.has("payment-signature") || headers.has("x-payment");
}

/** Retry-After is a number of seconds, or a date. */
function waitAfter(answer: Response | undefined): number {
  const text = answer?.headers.get("retry-after") ?? "";
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Math.max(SHORTEST_WAIT_MS, Number.isNaN(ms) ? 0 : ms);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", end);
      resolve();
    }, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}

/** Without core's checks, which need Node: buyers are browsers, too. */
function requireOptions(send: unknown, options: RepeatOptions): RepeatOptions {
  if (typeof send !== "function") throw new TypeError("repeat503(fetch, options) needs a fetch.");
  if (typeof options !== "object" || options === null) throw new TypeError("The options must be an object.");
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    // What looks like no name may be a secret in the wrong place.
    const shown = /^[A-Za-z_][A-Za-z_-]{0,40}$/.test(unknown) ? ` "${unknown}"` : "";
    throw new TypeError(`Unknown option${shown}; known: ${known.join(", ")}.`);
  }
  for (const name of ["forMs", "attempts"] as const) {
    const value = options[name];
    if (value === undefined || (Number.isSafeInteger(value) && value > 0 && value <= LONGEST_MS)) continue;
    throw new TypeError(`${name} must be a whole number from 1 to ${LONGEST_MS}.`);
  }
  for (const name of ["onPayment", "onRepeat", "wait"] as const) {
    if (options[name] === undefined || typeof options[name] === "function") continue;
    throw new TypeError(`${name} must be a function.`);
  }
  return options;
}
