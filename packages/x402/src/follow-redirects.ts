// Redirects of a request with a payment: followed to another origin without the payment, whose holder may be served.

const MOST_REDIRECTS = 20;
/** What shows who pays, or who asks. */
const secrets: readonly string[] = [
  ...["payment-signature", "x-payment", "idempotency-key"],
  ...["authorization", "proxy-authorization", "cookie"],
];
/** Headers of a body, which a GET has none of. */
const ofBody: readonly string[] = [
  ...["content-type", "content-length", "content-encoding", "content-language", "content-location"],
];

export interface Followed {
  readonly answer: Response;
  /** Another origin's, which did not get the payment. */
  readonly isElsewhere: boolean;
}

/** `first`: the redirect. A redirect that leads nowhere, and the last of too many, is the answer. */
export async function followWithoutPayment(
  send: typeof fetch,
  request: Request,
  body: Blob | undefined,
  first: Response,
): Promise<Followed> {
  let { url, method } = request;
  let sending = body;
  const headers = new Headers(request.headers);
  let answer = first;
  let isElsewhere = false;
  for (let followed = 0; followed < MOST_REDIRECTS && isRedirect(answer); followed += 1) {
    const next = nextUrl(answer, url);
    if (next === undefined) break;
    if (becomesGet(answer.status, method)) {
      method = "GET";
      sending = undefined;
      for (const name of ofBody) headers.delete(name);
    }
    if (next.origin !== new URL(url).origin) {
      isElsewhere = true;
      for (const name of secrets) headers.delete(name);
    }
    await answer.body?.cancel().catch(() => undefined);
    url = next.href;
    const { signal, credentials, cache } = request;
    const init = { method, headers, signal, credentials, cache, redirect: "manual" } as const;
    answer = await send(new Request(url, { ...init, ...(sending !== undefined && { body: sending }) }));
  }
  return { answer, isElsewhere };
}

export function isRedirect({ type, status }: Response): boolean {
  return type === "opaqueredirect" || [301, 302, 303, 307, 308].includes(status);
}

/** Undefined where the answer names none that could be asked. */
function nextUrl(answer: Response, from: string): URL | undefined {
  const location = answer.headers.get("location");
  if (location === null || !URL.canParse(location, from)) return undefined;
  const next = new URL(location, from);
  return /^https?:$/.test(next.protocol) && next.username === "" && next.password === "" ? next : undefined;
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== "GET" && method !== "HEAD";
  return (status === 301 || status === 302) && method === "POST";
}
