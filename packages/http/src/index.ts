// The framework-free part of a paid API's middleware.
export { type Answer, problem } from "./answer.ts";
export type { PaidGate, PaymentInHand, RequestAdapter, RequestContext, Serve } from "./paid-gate.ts";
