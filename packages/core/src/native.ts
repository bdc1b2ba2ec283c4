// For backends that run transitions themselves (Redis, as scripts): every hot transition by name, with the arguments and
// the reply of the pure function. What a backend does not run natively runs over its `transact`.
import type { AtomicPort } from "./atomic-port.ts";
import type { CallOptions } from "./call-options.ts";
import type { Receipt } from "./rate-limit/algorithm.ts";
import type { LimitGroup } from "./rate-limit/consume-all.ts";
import type { Limit } from "./rate-limit/policy.ts";
import type { RateLimitDecision } from "./rate-limit/rate-limit-store.ts";
import type { SessionState } from "./session/session-state.ts";
import type { CreateArguments, CreateReply } from "./session/transitions/create-session.ts";
import type { CreditArguments, CreditReply } from "./session/transitions/credit-session.ts";
import type { DebitArguments, DebitReply } from "./session/transitions/debit-session.ts";
import type { DeleteArguments } from "./session/transitions/delete-session.ts";
import type { TouchArguments } from "./session/transitions/touch-session.ts";
import type { UpdateArguments, UpdateReply } from "./session/transitions/update-session.ts";
import type { ClaimRequest } from "./verification/claim.ts";
import type { Completion } from "./verification/end.ts";
import type { Renewal } from "./verification/hold.ts";
import type { Marked } from "./verification/mark-once.ts";
import type { UnresolvedRecord } from "./verification/peek.ts";
import type {
  Claim,
  Delivery,
  Ended,
  Lease,
  Look,
  Settlement,
  SettleRequest,
} from "./verification/verification-store.ts";

export { formatReceipt, parseReceipt } from "./rate-limit/algorithm.ts";
export type { LimitGroup } from "./rate-limit/consume-all.ts";
export type { Limit } from "./rate-limit/policy.ts";
export { algorithmTag } from "./rate-limit/transitions.ts";
export { type SessionState, sessionRecord, sessionState } from "./session/session-state.ts";
export { subjectIndex } from "./session/subject-index.ts";
export { creditPastDeadline, quotaTooLarge } from "./session/transitions/credit-session.ts";
export { retentionTooLong } from "./verification/verification-record.ts";

/** Each transition's arguments and reply. The comment names its keys. */
export interface TransitionCatalog {
  /** record */ "rate-limit.consume": { arguments: { limit: Limit }; reply: RateLimitDecision };
  /** one record a group */ "rate-limit.consumeAll": {
    arguments: { groups: readonly LimitGroup[] };
    /** `atomic`: where it differs from what the port says of itself. */
    reply: { allowed: boolean; decisions: RateLimitDecision[]; atomic?: boolean };
  };
  /** record */ "rate-limit.peek": { arguments: { limit: Limit }; reply: RateLimitDecision };
  /** record */ "rate-limit.charge": { arguments: { limit: Limit }; reply: RateLimitDecision };
  /** record */ "rate-limit.refund": { arguments: { limit: Limit; receipt: Receipt }; reply: RateLimitDecision };
  /** record */ "rate-limit.block": { arguments: { limit: Limit; durationMs: number }; reply: undefined };
  /** record */ "rate-limit.reset": { arguments: { limit: Limit }; reply: boolean };

  /** session, index */ "session.create": { arguments: CreateArguments; reply: CreateReply };
  /** session */ "session.get": { arguments: undefined; reply: SessionState | null };
  /** session, operations, index */ "session.touch": { arguments: TouchArguments; reply: SessionState | null };
  /** session */ "session.update": { arguments: UpdateArguments; reply: UpdateReply };
  /** session, operations, index */ "session.credit": { arguments: CreditArguments; reply: CreditReply };
  /** session, operations */ "session.debit": { arguments: DebitArguments; reply: DebitReply };
  /** session, index */ "session.delete": { arguments: DeleteArguments; reply: boolean };

  /** record, and with a payment what is kept */ "verification.claim": { arguments: ClaimRequest; reply: Claim };
  /** record, and with something to keep its place */ "verification.renew": { arguments: Renewal; reply: Ended };
  /** record */ "verification.note": { arguments: { lease: Lease; evidence: string }; reply: Ended };
  /** record, kept */ "verification.complete": { arguments: Completion; reply: Ended };
  /** record, kept */ "verification.release": { arguments: { lease: Lease; refused: boolean }; reply: Ended };
  /** record */ "verification.markUnknown": {
    arguments: { lease: Lease; evidence: string | undefined };
    reply: Ended;
  };
  /** record */ "verification.reconcile": { arguments: { token: string; leaseMs: number }; reply: Claim };
  /** record, kept; fingerprint, payload and collector hashed */ "verification.settle": {
    arguments: SettleRequest;
    reply: Settlement;
  };
  /** record, kept */ "verification.deliver": { arguments: Delivery; reply: Settlement };
  /** record, kept */ "verification.undeliver": { arguments: { token: string }; reply: Ended };
  /** record, kept */ "verification.expire": {
    arguments: { reason: string; lease?: Lease | undefined };
    reply: Ended;
  };
  /** record */ "verification.peek": { arguments: undefined; reply: Look };
  /** record */ "verification.unresolved": { arguments: undefined; reply: UnresolvedRecord | null };
  /** marker */ "verification.markOnce": {
    arguments: { token: string; fingerprint: string; retainUntilMs: number };
    reply: Marked;
  };
}

export type TransitionName = keyof TransitionCatalog;

/** Transitions that a backend runs itself. Each must answer, and throw, exactly as the pure function would. */
export type NativeTransitions = {
  readonly [Name in TransitionName]?: (
    keys: readonly string[],
    transitionArguments: TransitionCatalog[Name]["arguments"],
    options: CallOptions | undefined,
  ) => Promise<TransitionCatalog[Name]["reply"]>;
};

/** A port with some transitions of its own. */
export interface NativePort extends AtomicPort {
  readonly native: NativeTransitions;
}

/** The port's own transitions; none for an ordinary port. */
export function nativeTransitions(port: AtomicPort & Partial<NativePort>): NativeTransitions {
  return port.native ?? {};
}
