// The SDK's server, of any copy of @x402/core that an application has.
import type { x402ResourceServer } from "@x402/core/server";

/**
 * An `x402ResourceServer`. Only by what the gate calls: the class has private fields, which for TypeScript are no other copy's, and so has
 * each of its methods that returns the server.
 */
export type ResourceServer = Pick<
  x402ResourceServer,
  | "buildPaymentRequirementsFromOptions"
  | "createPaymentRequiredResponse"
  | "getFacilitatorExtensions"
  | "getPaymentFlow"
  | "getRegisteredScheme"
  | "getSupportedKind"
  | "hasRegisteredScheme"
  | "initialize"
  | "settlePayment"
  | "verifyPayment"
>;
