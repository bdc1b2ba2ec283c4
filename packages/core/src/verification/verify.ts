// The step that tells whether a payment payload is good.
import type { StepContext } from "./step-context.ts";

/**
 * `value` is handed to everyone who shares the verification; an empty one is as none. `used`: the payment was settled before, a conflict and no
 * reason to pay again. `later`: it cannot be told now; remembered nowhere.
 */
export type VerifyResult =
  | { ok: true; value?: string | undefined }
  | { ok: false; reason: string; used?: boolean | undefined }
  | { later: true; retryAfterMs?: number | undefined };

/** Verifies a payment payload. A rejection must be deterministic; answer `later`, or throw, where it could be otherwise next time. */
export type Verify = (context: StepContext) => Promise<VerifyResult>;
