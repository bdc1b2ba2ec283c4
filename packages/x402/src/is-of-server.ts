// Whether a gate may be asked what became of a payment.
import type { x402ResourceServer } from "@x402/core/server";
import { caip2 } from "./caip-2.ts";

const schemes = ["exact", "upto"];

/** `reference`: as `identifyPayment` wrote it. True where it names no network: then only `findSettlement` can tell. */
export function isOfServer(server: x402ResourceServer, reference: string | undefined): boolean {
  const network = networkIn(reference);
  return network === undefined || schemes.some((scheme) => server.hasRegisteredScheme(caip2(network), scheme));
}

function networkIn(reference = "{}"): string | undefined {
  try {
    const { network }: { network?: unknown } = Object(JSON.parse(reference));
    return typeof network === "string" ? network : undefined;
  } catch {
    return undefined;
  }
}
