// The verification transitions by name, for backends that run them themselves: arguments and reply of the pure
// function.
import type { ClaimRequest } from "./claim.ts";
import type { Completion } from "./end.ts";
import type { Renewal } from "./hold.ts";
import type { Marked } from "./mark-once.ts";
import type { UnresolvedRecord } from "./peek.ts";
import type { Claim, Delivery, Lease, LeaseResult, Look, Settlement, SettleRequest } from "./verification-store.ts";

/** Each transition's arguments and reply. The comment names its keys; "kept" is the record of a payment's result. */
export interface VerificationCatalog {
  /** record, and with a payment kept */ "verification.claim": { arguments: ClaimRequest; reply: Claim };
  /** record, and with something to keep its place */ "verification.renew": { arguments: Renewal; reply: LeaseResult };
  /** record */ "verification.note": { arguments: { lease: Lease; evidence: string }; reply: LeaseResult };
  /** record, kept */ "verification.complete": { arguments: Completion; reply: LeaseResult };
  /** record, kept */ "verification.release": {
    arguments: { lease: Lease; refused: boolean; forget: boolean };
    reply: LeaseResult;
  };
  /** record */ "verification.markUnknown": {
    arguments: { lease: Lease; evidence: string | undefined };
    reply: LeaseResult;
  };
  /** record */ "verification.reconcile": { arguments: { token: string; leaseMs: number }; reply: Claim };
  /** record, kept; fingerprint, payload and collector hashed */ "verification.settle": {
    arguments: SettleRequest;
    reply: Settlement;
  };
  /** record, kept */ "verification.deliver": { arguments: Delivery; reply: Settlement };
  /** record, kept */ "verification.undeliver": { arguments: { token: string }; reply: LeaseResult };
  /** record, kept */ "verification.expire": {
    arguments: { reason: string; lease?: Lease | undefined };
    reply: LeaseResult;
  };
  /** record */ "verification.peek": { arguments: undefined; reply: Look };
  /** record */ "verification.unresolved": { arguments: undefined; reply: UnresolvedRecord | null };
  /** marker */ "verification.markOnce": {
    arguments: { token: string; fingerprint: string; retainUntilMs: number };
    reply: Marked;
  };
}
