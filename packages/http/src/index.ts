// The framework-free part of a paid API's middleware.
export { type Answer, answerTooLarge, problem, wholeAnswer } from "./answer.ts";
export type { AnswerKeeper, KeptRequest } from "./answer-keeper.ts";
export type { KnownPayments, PaidGate, RequestAdapter, RequestContext, Serve } from "./paid-gate.ts";
export type { PaymentInHand } from "./payment-in-hand.ts";

// What a framework's middleware is made of.
export { isSoldAlready } from "./paid-once.ts";
export { withOwnSignal } from "./own-signal.ts";
export { beforeGate, type PaidOptions, type PaidSettings, paidSettings } from "./paid-options.ts";
export { handlerReadingsOf } from "./path-readings.ts";
export { hiddenHeaders, hideConditions } from "./conditional-headers.ts";
export {
  beforeLimit,
  limitGates,
  type LimitOptions,
  type LimitTaken,
  limitHeadersOf,
  takeFromLimit,
} from "./limit.ts";
export { addressReader, type ClientIpOptions } from "./client-ip.ts";
export {
  type CookieTeller,
  type HeldSession,
  isHeld,
  type RequestSession,
  type SessionOptions,
  type SessionReader,
  type Spent,
  sessionReader,
} from "./request-session.ts";
export {
  type CredentialOptions,
  type HeaderReader,
  presentedSession,
  type SessionCookie,
} from "./session-credential.ts";
export { type SessionMoves, sessionMovesOf } from "./session-moves.ts";
export { addCookies } from "./cookie-lines.ts";
export { requireSpend, type SpendOptions, spendCall } from "./spend-call.ts";
export { type SellSession, type SellSessionOptions, sellSession } from "./sell-session.ts";
export { type SoldSessionsOptions, soldSessions } from "./sold-sessions.ts";
export { type ErrorForLog, errorForLog } from "./error-for-log.ts";
export { isUnavailable, storeFailure } from "./store-failure.ts";
export { type NotReady, readiness, type ReadinessOptions } from "./readiness.ts";

// Between a gate and what speaks fetch.
export {
  answerOf,
  bodyTooLarge,
  contextOf,
  problemCode,
  readBody,
  responseOf,
} from "./fetch-messages.ts";
