// What a route's price and payTo functions read of a request's headers. A payment that was taken is finished on its own terms, also where
// its route asks for others by now; so these headers must be the ones that its terms were made of.
import { payloadHash } from "@tollbooth-stores/core";
import type { RequestAdapter } from "@tollbooth-stores/http";

/** The payment itself is no part of what is bought. */
const PAYMENT_HEADERS = new Set(["payment-signature", "x-payment"]);

/** The adapter, and the names of the headers that were read through it, in lower case. */
export function recordingReads(adapter: RequestAdapter): { adapter: RequestAdapter; names: ReadonlySet<string> } {
  const names = new Set<string>();
  const read = (name: string) => {
    const lower = name.toLowerCase();
    if (!PAYMENT_HEADERS.has(lower)) names.add(lower);
  };
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
    getUserAgent() {
      read("user-agent");
      return adapter.getUserAgent();
    },
  };
  return { adapter: recording, names };
}

/**
 * Text for the payment's record: the names, and a hash of their values for this payment, since a store must not hold the values.
 * Undefined where no header was read.
 */
export function headersPricedBy(
  names: Iterable<string>,
  adapter: RequestAdapter,
  paymentKey: string,
): string | undefined {
  const read = [...names].sort();
  if (read.length === 0) return undefined;
  const values = read.map((name) => [name, adapter.getHeader(name) ?? null]);
  return `${read.map(encodeURIComponent).join(",")} ${payloadHash(JSON.stringify([paymentKey, values]))}`;
}

/** Whether the request brings the headers by which the payment of the record was priced. `pricedBy`: as `headersPricedBy` made it. */
export function isPricedAlike(pricedBy: string, adapter: RequestAdapter, paymentKey: string): boolean {
  const [names = ""] = pricedBy.split(" ");
  return headersPricedBy(names.split(",").map(decodeURIComponent), adapter, paymentKey) === pricedBy;
}
