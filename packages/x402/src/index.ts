// What a paid API needs to know of an x402 payment, for payOnce: its identity, its time, and what became of a settlement.
export { canonicalSignature } from "./canonical-signature.ts";
export {
  type EvmClients,
  type EvmSettlements,
  type EvmSettlementsOptions,
  evmSettlements,
} from "./evm/evm-settlements.ts";
export type { EvmClient } from "./evm/rpc.ts";
export { type IdentifiedPayment, identifyPayment, type Identity, type TermsOfPayment } from "./identify-payment.ts";
export { type ReadSettlement, readSettlement, type SettlementToRead } from "./read-settlement.ts";
export { evmRefusals, type FacilitatorRefusals, type PreBroadcastRefusals } from "./refusals.ts";

// The gate: routes that are sold, on the official SDK.
export type { KeptAnswers } from "./kept-answers.ts";
export { type PaidRoutes, paidRoutes } from "./paid-routes.ts";
export type { PaidRoutesOptions } from "./paid-routes-options.ts";
export type { ReconcileRound } from "./reconcile-every.ts";
export type { FindSettlement } from "./sdk-steps.ts";
