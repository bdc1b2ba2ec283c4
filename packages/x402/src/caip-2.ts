// Names of networks, by CAIP-2: "eip155:8453".
import type { PaymentRequirements } from "@x402/core/types";

/** The SDK's type of such a name. Text without a colon gets one: no network's name, and none that a scheme is registered for. */
export function caip2(text: string): PaymentRequirements["network"] {
  const [namespace = "", ...reference] = text.split(":");
  return `${namespace}:${reference.join(":")}`;
}
