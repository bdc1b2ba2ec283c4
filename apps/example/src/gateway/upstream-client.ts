// Runs the paid API behind the gateway and takes its whole answer, so that there is something to charge for.

import { z } from "zod";

/** An upstream answer: what is sold. */
export interface UpstreamAnswer {
  status: number;
  contentType: string;
  body: Uint8Array<ArrayBuffer>;
}

/** An answer as text, to be kept while a settlement is in doubt. */
export function writeAnswer({ body, ...rest }: UpstreamAnswer): string {
  return JSON.stringify({ ...rest, body: Buffer.from(body).toString("base64") });
}

const writtenAnswer = z.object({ status: z.int(), contentType: z.string(), body: z.base64() });

/** Reads `writeAnswer` back; throws for anything else. */
export function readAnswer(text: string): UpstreamAnswer {
  const { body, ...rest } = writtenAnswer.parse(JSON.parse(text));
  return { ...rest, body: new Uint8Array(Buffer.from(body, "base64")) };
}

/** The upstream did not deliver; whoever pays only for what was served has not paid. */
export class UpstreamFailed extends Error {
  override readonly name = "UpstreamFailed";
  /** 502, or 504 where it did not answer in time. */
  readonly status: 502 | 504;

  constructor(message: string, status: 502 | 504) {
    super(message);
    this.status = status;
  }
}

export interface UpstreamRequest {
  method: string;
  /** Raw path and query. */
  path: string;
  body: Uint8Array<ArrayBuffer> | undefined;
  contentType: string | undefined;
  /** The payment's key or "session": for the upstream's log, as is the next. */
  paidBy: string;
  /** The client's own name for the request. */
  requestId: string | undefined;
}

/** Larger answers than this are the upstream's mistake, in bytes. */
const maxAnswerBytes = 1_048_576;

/** Throws UpstreamFailed for whatever is not a whole 2xx answer within `timeoutMs`. */
export async function callUpstream(
  upstream: { url: string; timeoutMs: number },
  request: UpstreamRequest,
  signal: AbortSignal,
): Promise<UpstreamAnswer> {
  const timeout = AbortSignal.timeout(upstream.timeoutMs);
  try {
    const response = await fetch(`${upstream.url}${request.path}`, {
      method: request.method,
      headers: {
        "x-paid-by": request.paidBy,
        ...(request.requestId !== undefined && { "x-request-id": request.requestId }),
        ...(request.contentType !== undefined && { "content-type": request.contentType }),
      },
      ...(request.body !== undefined && { body: request.body }),
      signal: AbortSignal.any([signal, timeout]),
      redirect: "error",
    });
    if (!response.ok) throw new UpstreamFailed(`The upstream answered ${response.status}.`, 502);
    const contentType = response.headers.get("content-type") ?? "application/octet-stream";
    return { status: response.status, contentType, body: await wholeBody(response) };
  } catch (error) {
    if (error instanceof UpstreamFailed || signal.aborted) throw error;
    if (timeout.aborted) throw new UpstreamFailed("The upstream did not answer in time.", 504);
    throw new UpstreamFailed("The upstream cannot be reached.", 502);
  }
}

/** Reads no more than the answer may have. */
async function wholeBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxAnswerBytes) throw new UpstreamFailed("The upstream's answer is too large.", 502);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
