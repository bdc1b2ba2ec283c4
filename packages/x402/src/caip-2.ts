// Names of networks, by CAIP-2: "eip155:8453".
import type { PaymentRequirements } from "@x402/core/types";

/** As the SDK's type of such a name. Text without a colon gets one, and then names no network: no scheme is registered for it. */
export function caip2(text: string): PaymentRequirements["network"] {
  const [namespace = "", ...reference] = text.split(":");
  return `${namespace}:${reference.join(":")}`;
}
