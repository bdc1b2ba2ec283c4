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
