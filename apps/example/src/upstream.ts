// Hands a request to the API behind the gateway, and takes its whole answer: a part of one is not sold.
import { type PaymentInHand, problem, responseOf } from "@tollbooth-stores/http";
import type { Context } from "hono";

/** Larger answers are the upstream's mistake, in bytes. */
const maxAnswerBytes = 1_048_576;
const passOn = ["content-type", "x-request-id"];

/** Answers 502, or 504 where it took longer than `timeout`, for everything that is no whole 2xx answer. */
export async function callUpstream(
  c: Context,
  upstream: { url: string; timeout: number },
  payment: PaymentInHand | undefined,
): Promise<Response> {
  const late = AbortSignal.timeout(upstream.timeout);
  const passed = Object.fromEntries(passOn.flatMap((name) => (c.req.header(name) ? [[name, c.req.header(name)]] : [])));
  // Without its host, of which a client may write several spellings.
  const path = c.req.url.replace(/^[^:]*:\/\/[^/?#]*\/?/, "/");
  try {
    const response = await fetch(upstream.url + path, {
      method: c.req.method,
      headers: { "x-paid-by": payment?.key ?? "session", ...passed },
      body: c.req.method === "GET" ? null : await c.req.arrayBuffer(),
      signal: payment === undefined ? late : AbortSignal.any([late, payment.signal]),
      redirect: "error",
    });
    if (!response.ok) return failed(502, `The upstream answered ${response.status}.`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > maxAnswerBytes) return failed(502, "The upstream's answer is too large.");
      chunks.push(chunk);
    }
    const type = response.headers.get("content-type") ?? "application/octet-stream";
    return c.body(Buffer.concat(chunks), 200, { "content-type": type, "cache-control": "no-store" });
  } catch {
    payment?.signal.throwIfAborted();
    if (late.aborted) return failed(504, "The upstream did not answer in time.");
    return failed(502, "The upstream cannot be reached.");
  }
}

function failed(status: number, message: string): Response {
  return responseOf(problem(status, "upstream_failed", message));
}
