// A whole answer, as every framework can send it.

export interface Answer {
  readonly status: number;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const utf8 = new TextEncoder();

/**
 * An answer that is no success, as JSON: `{ "error": code, "message": message }`. It is never kept by a cache: the next
 * request may be answered otherwise.
 */
export function problem(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { "cache-control": "no-store", "content-type": "application/json", ...headers },
    body: utf8.encode(JSON.stringify({ error: code, message })),
  };
}

/** The most bytes of an answer that are held where nothing else is said: 64 MiB. */
export const DEFAULT_MAX_ANSWER_BYTES = 67_108_864;

/** The handler's error, while nothing of its answer is sold: the whole answer would be held in memory. */
export function answerTooLarge(maxAnswerBytes: number): RangeError {
  return new RangeError(
    `The answer has more than ${maxAnswerBytes} bytes, which paid() holds at most: see maxAnswerBytes.`,
  );
}

/** Headers of its framing and of one connection. An answer with a length and a `trailer` header cannot be sent: Node throws. */
const hopByHop = new Set(["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"]);

/**
 * What a handler made, as a gate takes it. Its length, its framing and what it says of its connection are left out: they are told
 * anew when it is sent. Throws a TypeError where it has fewer bytes than it says, because then it broke off.
 */
export function wholeAnswer({ status, headers, body }: Answer, method: string): Answer {
  const { "content-length": said = "0", ...others } = headers;
  const kept = Object.fromEntries(Object.entries(others).filter(([name]) => !hopByHop.has(name)));
  // The length may be that of GET's answer, or of bytes that were decoded since.
  const mayDiffer = method.toUpperCase() === "HEAD" || status === 304 || headers["content-encoding"] !== undefined;
  if (!mayDiffer && Number(said) > body.byteLength) {
    throw new TypeError(`The answer broke off: it says ${said} bytes, and has ${body.byteLength}.`);
  }
  return { status, headers: kept, body };
}
