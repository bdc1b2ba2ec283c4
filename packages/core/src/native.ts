// For backends that run transitions themselves (Redis, as scripts): every hot transition by name, with the arguments
// and the reply of the pure function. A transition that a backend does not run natively runs over its `transact`.
// And for every provider: the check of its options, and what it tells telemetry. For gates: a payment's records.
import type { AtomicPort } from "./atomic-port.ts";
import { type NativeTransitionsOf, nativeTransitionsOf } from "./native-transitions.ts";
import type { RateLimitCatalog } from "./rate-limit/catalog.ts";
import type { SessionCatalog } from "./session/catalog.ts";
import type { VerificationCatalog } from "./verification/catalog.ts";

export { closestKey } from "./closest-key.ts";
export { durationOption } from "./durations.ts";
export { type JoinedSignal, joinSignals } from "./joined-signal.ts";
export { type OptionNames, requireKnownOptions, shownKey } from "./known-options.ts";
export { checkArguments } from "./named-refusal.ts";
export { observedCheck } from "./observed-check.ts";
export { formatReceipt, parseReceipt } from "./rate-limit/algorithm.ts";
export type { LimitGroup } from "./rate-limit/consume-all.ts";
export type { Limit } from "./rate-limit/policy.ts";
export { algorithmTag, consumeAllGroups, transitions as rateLimitTransitions } from "./rate-limit/transitions.ts";
export { noRoomForQuotas, tooManyQuotas } from "./session/quota-bounds.ts";
export { corrupt, maxQuota, type SessionState } from "./session/session-state.ts";
export { createdSession } from "./session/transitions/create-session.ts";
export { creditPastDeadline, quotaTooLarge } from "./session/transitions/credit-session.ts";
export { successorTaken } from "./session/transitions/rotate-session.ts";
export { prefixWithSuffix, storeOptionNames } from "./store-options.ts";
export {
  areBatchesObserved,
  areConnectionsObserved,
  hearConnections,
  publishBatch,
  publishConnection,
} from "./telemetry.ts";
export { findAnswer } from "./verification/pay-answers.ts";
export { boundPayload, firstVerification, paymentRecord, verificationAfter } from "./verification/payment-records.ts";
export { saysUsed } from "./verification/shared-verification.ts";
export { retentionTooLong } from "./verification/verification-record.ts";

/** Each transition's arguments and reply. */
export interface TransitionCatalog extends RateLimitCatalog, SessionCatalog, VerificationCatalog {}

export type TransitionName = keyof TransitionCatalog;

/** Transitions that a backend runs itself. Each must answer and throw exactly as the pure function would. */
export type NativeTransitions = NativeTransitionsOf<TransitionCatalog>;

/** A port with some transitions of its own. */
export interface NativePort extends AtomicPort {
  readonly native: NativeTransitions;
}

/** The port's own transitions; none for an ordinary port. */
export function nativeTransitions(port: AtomicPort & Partial<NativePort>): NativeTransitions {
  return nativeTransitionsOf(port);
}
