// Every public name, in the order in which a reader needs it.

// The façades: an application calls these first.
export {
  type LimiterDecision,
  type RateLimiter,
  type RateLimitRule,
  rateLimiter,
} from "./rate-limit/rate-limiter.ts";
export { type PayOnceOptions, payOnce } from "./verification/pay-once.ts";
export type {
  FindContext,
  FoundSettlement,
  Keep,
  Payment,
  PaymentSteps,
  SettleContext,
  SettleResult,
} from "./verification/payment.ts";
export type { Paid } from "./verification/paid.ts";
export type { StepContext } from "./verification/step-context.ts";
export type { Verify, VerifyResult } from "./verification/verify.ts";
export { type Verification, type VerifyOnceOptions, verifyOnce } from "./verification/verify-once.ts";
export {
  type PaymentName,
  type ReconcileOptions,
  type Reconciled,
  type Resolution,
  reconcileUnresolved,
  resolvePayment,
} from "./verification/resolve-payment.ts";
export {
  type PaymentIdentity,
  type Purchase,
  payloadHash,
  paymentFingerprint,
  paymentKey,
} from "./payment/payment-key.ts";
export { rateLimitHeaders } from "./rate-limit/rate-limit-headers.ts";
export type { ReportedDecision } from "./rate-limit/ratelimit-draft.ts";
export { type FallbackOptions, failOpen } from "./rate-limit/fail-open.ts";
export { withFallback } from "./rate-limit/with-fallback.ts";

// The contracts of the stores.
export type { CallOptions, Capabilities, PortCallOptions } from "./call-options.ts";
export type {
  RateLimitCheck,
  RateLimitDecision,
  RateLimitPolicy,
  RateLimitStore,
} from "./rate-limit/rate-limit-store.ts";
export type {
  ListedSession,
  Missing,
  NewIdOptions,
  NewSession,
  SessionRecord,
  SessionStore,
} from "./session/session-store.ts";
export type {
  Claim,
  Delivery,
  LeaseResult,
  Lease,
  LeaseExpiry,
  Look,
  PaymentClaim,
  RecordName,
  Settlement,
  SettleRequest,
  Unresolved,
  VerificationStore,
} from "./verification/verification-store.ts";
export type { Stores } from "./stores.ts";
export type { CommonOptions, StoreOptions } from "./store-options.ts";

// Session data: how it is kept, and how a record becomes JSON.
export { jsonCodec } from "./session/json-codec.ts";
export { type EncryptedCodecOptions, type EncryptionKey, encryptedCodec } from "./session/encrypted-codec.ts";
export type { SessionCodec } from "./session-codec.ts";
export { toJSONRecord } from "./session/to-json-record.ts";

// Errors and telemetry.
export {
  isStoreError,
  type SanitizedCause,
  StoreError,
  type StoreErrorCode,
  type StoreErrorOutcome,
} from "./errors.ts";
export {
  type BatchMessage,
  batchChannel,
  type ConnectionMessage,
  connectionChannel,
  type OperationMessage,
  operationChannel,
  type ServerIdentity,
} from "./telemetry.ts";
export {
  type AnswerMessage,
  answerChannel,
  type PaymentMessage,
  paymentChannel,
  type PayOnceMessage,
  payOnceChannel,
} from "./payment-telemetry.ts";

// For authors of a provider.
export type { AtomicPort, NamedRecord, Step, StoredRecord } from "./atomic-port.ts";
export type { PortUse } from "./store-runtime.ts";
export { checkPort } from "./check-port.ts";
export { type Backends, combineStores, createStores, pingPort } from "./create-stores.ts";
export { createRateLimitStore } from "./rate-limit/create-rate-limit-store.ts";
export { createSessionStore } from "./session/create-session-store.ts";
export { createVerificationStore } from "./verification/create-verification-store.ts";
export { localHints } from "./local-hints.ts";
export { isEvictable } from "./rate-limit/record.ts";
export { ruleOf } from "./rate-limit/record-keys.ts";
export { isEvictableVerification } from "./verification/verification-record.ts";
export { isKeptRecord } from "./verification/verification-replies.ts";
export { parseDuration } from "./durations.ts";
export {
  DEFAULT_KEY_PREFIX,
  DEFAULT_TTL_JITTER,
  KEY_SUFFIX,
  type ResolvedStoreOptions,
  resolveStoreOptions,
} from "./store-options.ts";
