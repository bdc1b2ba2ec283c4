// What a route's terms were made of beside method, URL and body: headers that its price and payTo functions read, and the path that a
// router made of them. A payment that was taken is finished on its own terms, also where its route asks for others by now; so these must be
// the ones that its terms were made of.
import { payloadHash } from "@tollbooth-stores/core";
import type { RequestAdapter } from "@tollbooth-stores/http";
import type { RequestAtOrigin } from "./request-at-origin.ts";
import { plainPath } from "./route-patterns.ts";

/** The payment itself is no part of what is bought. */
const PAYMENT_HEADERS = ["payment-signature", "x-payment"];

/**
 * Written by proxies, or by what sends the request: they say who asks, and not for what. A retry by another way has other ones, and a
 * charged payer would get nothing for them. Not `forwarded` and `x-forwarded-host`: these may name another tenant.
 */
const HEADERS_OF_THE_WAY = [
  ...["user-agent", "accept-encoding", "connection", "via", "date"],
  ...[
    "x-forwarded-for",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "client-ip",
  ],
  ...["cf-connecting-ip", "cf-ipcountry", "cf-ray", "fly-client-ip", "fly-region", "fastly-client-ip"],
  ...["cloudfront-viewer-country", "cloudfront-viewer-address", "x-vercel-forwarded-for", "x-vercel-ip-country"],
  ...["x-request-id", "x-correlation-id", "x-amzn-trace-id", "x-cloud-trace-context", "x-vercel-id"],
  ...["traceparent", "tracestate", "baggage", "b3"],
];

const UNBOUND: ReadonlySet<string> = new Set([...PAYMENT_HEADERS, ...HEADERS_OF_THE_WAY]);

/** Middleware and routers may make a path of headers: of the host, or of a version. No header has this name. */
const ROUTED_PATH = ":path";

/** The request's adapter, and the names of what its terms are made of. Those that are read through it, in lower case, join them. */
export function recordingReads(request: RequestAtOrigin): { adapter: RequestAdapter; names: ReadonlySet<string> } {
  const { adapter } = request;
  const names = new Set(routedNames(request));
  const read = (name: string) => {
    const lower = name.toLowerCase();
    if (!UNBOUND.has(lower)) names.add(lower);
  };
  const { getBody } = adapter;
  const recording: RequestAdapter = {
    ...adapter,
    getHeader(name) {
      read(name);
      return adapter.getHeader(name);
    },
    getAcceptHeader() {
      read("accept");
      return adapter.getAcceptHeader();
    },
    ...(getBody !== undefined && {
      // What the bytes are read as, by frameworks and by handlers, depends on these.
      getBody() {
        read("content-type");
        read("content-encoding");
        return getBody.call(adapter);
      },
    }),
  };
  return { adapter: recording, names };
}

/**
 * Text for the payment's record: the names, and a hash of their values for this payment, since a store must not hold the values.
 * Undefined where there are none.
 */
export function headersPricedBy(
  names: Iterable<string>,
  request: RequestAtOrigin,
  paymentKey: string,
): string | undefined {
  const read = [...new Set(names)].sort();
  if (read.length === 0) return undefined;
  const valueIn = (name: string) => (name === ROUTED_PATH ? routedPath(request) : request.adapter.getHeader(name));
  const values = read.map((name) => [name, valueIn(name) ?? null]);
  return `${read.map(encodeURIComponent).join(",")} ${payloadHash(JSON.stringify([paymentKey, values]))}`;
}

/** Whether the request brings what the payment of the record was priced by. `pricedBy`: as `headersPricedBy` made it. */
export function isPricedAlike(pricedBy: string | undefined, request: RequestAtOrigin, paymentKey: string): boolean {
  const [names] = pricedBy?.split(" ") ?? [];
  const known = names?.split(",").map(decodeURIComponent) ?? [];
  return headersPricedBy([...known, ...routedNames(request)], request, paymentKey) === pricedBy;
}

/** As it was matched by the gate. */
const routedPath = ({ path }: RequestAtOrigin) => plainPath(path, "");

/** Where that is another one than the request's own, which the purchase is bound to anyway. */
function routedNames(request: RequestAtOrigin): string[] {
  return routedPath(request) === plainPath(request.adapter.getPath(), "") ? [] : [ROUTED_PATH];
}
