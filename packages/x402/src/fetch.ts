// The gate around a handler that speaks fetch: Next route handlers, and everything else with `(request) => Response`.
import { type Answer, type PaidGate, type PaymentInHand, problem, type RequestContext } from "@tollbooth-stores/http";

export interface PaidOptions {
  /** Larger request bodies are answered with 413, and nothing is asked. In bytes. Default 1,048,576. */
  maxBodyBytes?: number | undefined;
}

/** `rest`: what the framework gives beside the request, such as Next's `{ params }`. */
export type FetchHandler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

const DEFAULT_MAX_BODY_BYTES = 1_048_576;

const payments = new WeakMap<Request, PaymentInHand>();

/** The payment that the handler answers for. Undefined where access is free, or the route is not sold. */
export function paymentOf(request: Request): PaymentInHand | undefined {
  return payments.get(request);
}

/**
 * Sells what `handler` answers: it runs at most once in a call, and its body is read whole before anything is charged. The
 * handler gets the framework's own request with its body unread. What it throws is thrown, once the payment is free again.
 *
 * A body that does not come to its end is 400. A request that the gate does not sell goes straight to the handler.
 */
export function paid<Rest extends readonly unknown[]>(
  gate: PaidGate,
  handler: FetchHandler<Rest>,
  { maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: PaidOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const body = await wholeBody(request, maxBodyBytes);
    if (!(body instanceof Uint8Array)) return responseOf(body, []);
    let cookies: string[] = [];
    const answer = await gate.handle(contextOf(request), body, async (payment) => {
      payments.set(request, payment);
      const response = await handler(request, ...rest);
      cookies = response.headers.getSetCookie();
      return answerOf(response);
    });
    return answer === undefined ? handler(request, ...rest) : responseOf(answer, cookies);
  };
}

function contextOf(request: Request): RequestContext {
  const url = new URL(request.url);
  const queryOf = (name: string) => {
    const [first, ...more] = url.searchParams.getAll(name);
    return first === undefined || more.length === 0 ? first : [first, ...more];
  };
  return {
    path: url.pathname,
    method: request.method,
    signal: request.signal,
    adapter: {
      getHeader: (name) => request.headers.get(name) ?? undefined,
      getMethod: () => request.method,
      getPath: () => url.pathname,
      getUrl: () => request.url,
      getAcceptHeader: () => request.headers.get("accept") ?? "",
      getUserAgent: () => request.headers.get("user-agent") ?? "",
      getQueryParam: queryOf,
      getQueryParams: () => Object.fromEntries([...url.searchParams.keys()].map((name) => [name, queryOf(name) ?? ""])),
    },
  };
}

/** Reads a copy, so that the handler finds the body unread in a request of the framework's own class. */
async function wholeBody(request: Request, mostBytes: number): Promise<Uint8Array | Answer> {
  if (request.body === null) return new Uint8Array();
  if (Number(request.headers.get("content-length") ?? 0) > mostBytes) return tooLarge(mostBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.clone().body ?? []) {
      length += chunk.byteLength;
      if (length > mostBytes) {
        // The copy ends with the loop. This ends the upload.
        request.body.cancel().catch(() => undefined);
        return tooLarge(mostBytes);
      }
      chunks.push(chunk);
    }
  } catch {
    request.signal.throwIfAborted();
    return problem(400, "body_incomplete", "The body did not come to its end.");
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function tooLarge(mostBytes: number): Answer {
  return problem(413, "body_too_large", `At most ${mostBytes} bytes are taken.`);
}

async function answerOf(response: Response): Promise<Answer> {
  // `Response.error()`: no status that can be sent.
  if (response.status < 200) throw new TypeError("The handler's response has no status.");
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: Object.fromEntries(response.headers), body };
}

/** `cookies`: each Set-Cookie of the handler by itself. A kept answer has none. */
function responseOf({ status, headers, body }: Answer, cookies: readonly string[]): Response {
  const told = new Headers(headers);
  if (told.has("set-cookie")) {
    told.delete("set-cookie");
    for (const cookie of cookies) told.append("set-cookie", cookie);
  }
  return new Response(body.byteLength === 0 ? null : new Uint8Array(body), { status, headers: told });
}
