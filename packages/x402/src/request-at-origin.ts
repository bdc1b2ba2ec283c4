// A request as the SDK is told of it: at the seller's configured origin, whatever its Host header says.
import type { RequestAdapter, RequestContext } from "@tollbooth-stores/http";

/** The longest payment header that is read, in characters. Node takes as much for all headers together. */
export const LONGEST_PAYMENT_HEADER = 16_384;

export interface RequestAtOrigin extends RequestContext {
  /** Path and query as they were sent, undecoded. */
  readonly rawPath: string;
}

/** `method`: as if it were sent with this one. */
export function requestAtOrigin(
  context: RequestContext,
  origin: string,
  method: string = context.method,
): RequestAtOrigin {
  const { adapter } = context;
  const rawPath = rawPathOf(adapter.getUrl());
  const { getQueryParams, getQueryParam, getBody } = adapter;
  const atOrigin: RequestAdapter = {
    getHeader: (name) => adapter.getHeader(name),
    getMethod: () => method,
    getPath: () => adapter.getPath(),
    getUrl: () => `${origin}${rawPath}`,
    getAcceptHeader: () => adapter.getAcceptHeader(),
    getUserAgent: () => adapter.getUserAgent(),
    ...(getQueryParams !== undefined && { getQueryParams: () => getQueryParams.call(adapter) }),
    ...(getQueryParam !== undefined && { getQueryParam: (name: string) => getQueryParam.call(adapter, name) }),
    ...(getBody !== undefined && { getBody: () => getBody.call(adapter) }),
  };
  return { ...context, method, adapter: atOrigin, rawPath };
}

/** Not by `new URL`, which would write the path anew: two spellings are two purchases. */
function rawPathOf(url: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").replace(/#.*$/s, "");
  return path.startsWith("/") ? path : `/${path}`;
}
