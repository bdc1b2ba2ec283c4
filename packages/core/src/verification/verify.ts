// The step that decides whether a payment payload is good.
import type { StepContext } from "./step-context.ts";

/**
 * `value` goes to every caller that shares the verification; an empty one counts as none. `used`: the payment was
 * settled before, so it is a conflict and no reason to pay again. `later`: it cannot be decided now, and nothing is
 * remembered. `retryAfterMs` defaults to 1,000.
 */
export type VerifyResult =
  | { ok: true; value?: string | undefined }
  | { ok: false; reason: string; used?: boolean | undefined }
  | { later: true; retryAfterMs?: number | undefined };

/**
 * Verifies a payment payload. A rejection must be deterministic. Where the next answer could differ, answer `later` or
 * throw.
 */
export type Verify = (context: StepContext) => Promise<VerifyResult>;
