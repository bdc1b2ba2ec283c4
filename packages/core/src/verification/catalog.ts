// The verifications' transitions by name, for backends that run them themselves: arguments and reply of the pure function.
import type { ClaimRequest } from "./claim.ts";
import type { Completion } from "./end.ts";
import type { Marked } from "./mark-once.ts";
import type { Look, UnresolvedRecord } from "./peek.ts";
import type { Claim, Ended, Lease } from "./verification-store.ts";

/** Each transition's arguments and reply. The comment names its keys. */
export interface VerificationCatalog {
  /** record */ "verification.claim": { arguments: ClaimRequest; reply: Claim };
  /** record */ "verification.renew": {
    arguments: { lease: Lease; leaseMs: number; toUnknown: boolean };
    reply: Ended;
  };
  /** record */ "verification.note": { arguments: { lease: Lease; evidence: string }; reply: Ended };
  /** record */ "verification.complete": { arguments: Completion; reply: Ended };
  /** record */ "verification.release": { arguments: { lease: Lease }; reply: Ended };
  /** record */ "verification.markUnknown": {
    arguments: { lease: Lease; evidence: string | undefined };
    reply: Ended;
  };
  /** record */ "verification.reconcile": { arguments: { token: string; leaseMs: number }; reply: Claim };
  /** record */ "verification.peek": { arguments: undefined; reply: Look };
  /** record */ "verification.unresolved": { arguments: undefined; reply: UnresolvedRecord | null };
  /** marker */ "verification.markOnce": {
    arguments: { token: string; fingerprint: string; retainUntilMs: number };
    reply: Marked;
  };
}
