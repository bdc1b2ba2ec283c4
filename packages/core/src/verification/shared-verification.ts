// One verification that all instances share: claims the payload's record, verifies under its lease and records the
// answer; or waits for another caller's.
import { randomUUID } from "node:crypto";
import { invalidArgument, isStoreError } from "../errors.ts";
import { sha256OfFields } from "../hashing.ts";
import { abortable } from "../store-runtime.ts";
import { keepLease, withinLease } from "./lease-keeper.ts";
import { retryWhileUnavailable } from "./retry-while-unavailable.ts";
import type { Claim, Lease, VerificationStore } from "./verification-store.ts";
import type { Verify, VerifyResult } from "./verify.ts";

/** How many leases verify has to answer. */
const STEP_LEASES = 3;
/** How long a rejection is remembered: long enough to answer a burst, short enough that a mended cause shows. */
const REJECTION_TTL_MS = 10_000;
const MAX_REASON_LENGTH = 1_000;
const RETRY_LATER_MS = 1_000;
/** Begins the stored reason of a rejection whose payment was used. No reason of a verifier begins so. */
const USED = "\u0001used ";

/** The record of a verification: its key, and the fingerprint that it is bound to. */
export interface SharedRecord {
  key: string;
  fingerprint: string;
}

/**
 * With a payment's key the record is bound to that key, so that one payload serves no two payments. Its name then
 * counts the payment's refused settlements: an acceptance from before a refusal proves nothing any more.
 */
export function sharedRecordOf(
  { payloadHash, fingerprint, key }: { payloadHash: string; fingerprint: string; key?: string | undefined },
  refusals = 0,
): SharedRecord {
  if (key === undefined) return { key: `v:${payloadHash}`, fingerprint };
  return { key: `v:${refusals}:${payloadHash}`, fingerprint: sha256OfFields([key, fingerprint]) };
}

export interface SharingOptions {
  /** Ends the caller's wait, but no running verification. */
  signal: AbortSignal | undefined;
  leaseMs: number;
  waitMs: number;
  /** How long an acceptance's value is kept, in milliseconds. */
  valueTtlMs?: number | undefined;
  /**
   * How long an acceptance is remembered, in Unix epoch milliseconds. The store raises it to the shortest retention and
   * cuts it to the longest.
   */
  retainUntilMs?: number | undefined;
  /** Returns an acceptance before it is recorded, because the next step does not depend on the record. */
  early?: boolean | undefined;
  /** For a caller that repeats this where it failed: its claim is resumed instead of waited for. Default: a new one for each claim. */
  token?: string | undefined;
}

export type SharedVerification =
  | { status: "accepted"; ran: boolean; value?: string }
  | { status: "rejected"; reason: string; used: boolean; ran: boolean }
  /** The same payload was presented for another purchase. */
  | { status: "mismatch" }
  /** The verifier cannot decide now. */
  | { status: "later"; retryAfterMs: number }
  /** Another caller was still verifying when waitMs was over. */
  | { status: "pending"; retryAfterMs: number };

export async function verifyShared(
  store: VerificationStore,
  record: SharedRecord,
  verify: Verify,
  options: SharingOptions,
): Promise<SharedVerification> {
  options.signal?.throwIfAborted();
  return abortable(claimOrWait(store, record, verify, options), options.signal);
}

/**
 * Claims or waits until there is a result. While it holds the lease no abort cuts it short: other callers wait for it.
 */
async function claimOrWait(
  store: VerificationStore,
  { key, fingerprint }: SharedRecord,
  verify: Verify,
  options: SharingOptions,
): Promise<SharedVerification> {
  const { signal, leaseMs, waitMs } = options;
  const waitUntilMs = performance.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    const { claim, sentAt } = await claimOrResume(store, key, {
      // A new token each time: a lease that was lost here may still be live in the store.
      token: options.token ?? randomUUID(),
      fingerprint,
      leaseMs,
      onLeaseExpiry: "retry",
      // In the past, so the store raises it to the shortest retention. An acceptance extends it.
      retainUntilMs: 0,
    });
    switch (claim.status) {
      case "claimed": {
        const done = await runVerify(store, key, claim.lease, verify, sentAt, options);
        if (done !== "lost") return done;
        break;
      }
      case "done":
        if (claim.outcome === "accepted") return { status: "accepted", ran: false, ...valueIn(claim.value) };
        return rejection(claim.value, false);
      case "spent":
        return { status: "accepted", ran: false };
      case "mismatch":
        return { status: "mismatch" };
      case "in-progress":
        if (performance.now() >= waitUntilMs) return { status: "pending", retryAfterMs: claim.retryAfterMs };
        await waitAtMost(store, key, Math.min(claim.retryAfterMs, waitUntilMs - performance.now()), signal);
        break;
      default:
        // A payment's state on a record that is no payment's: not written by this library.
        return { status: "pending", retryAfterMs: leaseMs };
    }
  }
}

const valueIn = (value: string) => (value === "" ? {} : { value });

/** Whether a rejected verification says that its payment was used. `stored`: its value, as `claim` and `peek` give it. */
export function saysUsed(stored: string): boolean {
  return stored.startsWith(USED);
}

function rejection(stored: string, ran: boolean): SharedVerification {
  const used = saysUsed(stored);
  return { status: "rejected", reason: used ? stored.slice(USED.length) : stored, used, ran };
}

/** Waits until the record may have changed, for `mostMs` at most. */
export async function waitAtMost(
  store: VerificationStore,
  key: string,
  mostMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  await store.wait(key, { timeoutMs: Math.max(1, Math.ceil(mostMs)), signal });
}

/** Claims. If the answer is lost, one retry with the same token gives the holder its lease back. */
async function claimOrResume(
  store: VerificationStore,
  key: string,
  request: Parameters<VerificationStore["claim"]>[1],
): Promise<{ claim: Claim; sentAt: number }> {
  const sentAt = performance.now();
  try {
    return { claim: await store.claim(key, request), sentAt };
  } catch (error) {
    if (!isStoreError(error, "STORE_UNAVAILABLE") || error.outcome !== "unknown") throw error;
    // A resumed lease reports its remaining time and a new one counts from now: sentAt is right for both.
    const resentAt = performance.now();
    return { claim: await store.claim(key, request), sentAt: resentAt };
  }
}

async function runVerify(
  store: VerificationStore,
  key: string,
  lease: Lease,
  verify: Verify,
  sentAt: number,
  { leaseMs, valueTtlMs, retainUntilMs = 0, early = false }: SharingOptions,
): Promise<SharedVerification | "lost"> {
  const keeper = keepLease(store, key, lease, leaseMs, sentAt);
  let goesOn = false;
  try {
    const answer = checked(
      await withinLease([keeper.signal], STEP_LEASES * leaseMs, (signal) => verify({ signal, fence: lease.fence })),
    );
    if ("later" in answer) {
      await store.release(key, lease, { forget: true }).catch(() => undefined);
      return { status: "later", retryAfterMs: answer.retryAfterMs ?? RETRY_LATER_MS };
    }
    const value = answer.ok ? (answer.value ?? "") : storedReason(answer);
    const completion = {
      outcome: answer.ok ? "accepted" : "rejected",
      value,
      valueTtlMs: answer.ok ? valueTtlMs : Math.min(REJECTION_TTL_MS, valueTtlMs ?? REJECTION_TTL_MS),
      retainUntilMs: answer.ok ? retainUntilMs : 0,
    } as const;
    // An unrecorded result would be verified again, so a short outage of the store is worth waiting for.
    const waitDeadline = performance.now() + STEP_LEASES * leaseMs;
    const until = () => Math.min(waitDeadline, keeper.deadline());
    const record = (result: typeof completion) =>
      retryWhileUnavailable(() => store.complete(key, lease, result), until);
    // For payOnce an acceptance is recorded without a value that cannot be stored. A rejection is recorded without its
    // reason.
    const short = answer.ok ? "" : storedReason({ ...answer, reason: "" });
    const recorded = record(completion).catch((error: unknown) => {
      if ((answer.ok && !early) || isStoreError(error, "STORE_UNAVAILABLE")) throw error;
      return record({ ...completion, value: short });
    });
    if (answer.ok && early) {
      goesOn = true;
      recorded.catch(() => undefined).finally(() => keeper.stop());
    } else if ((await recorded).status === "lost") return "lost";
    return answer.ok ? { status: "accepted", ran: true, ...valueIn(value) } : rejection(value, true);
  } catch (error) {
    if (keeper.signal.aborted) return "lost";
    // Nothing has moved: frees the record for the next caller as well as the store allows. The lease's end does the
    // rest.
    await store.release(key, lease, { forget: true }).catch(() => undefined);
    throw error;
  } finally {
    if (!goesOn) keeper.stop();
  }
}

function storedReason({ reason, used }: { reason: string; used?: boolean | undefined }): string {
  const text = saysUsed(reason) ? reason.slice(USED.length) : reason;
  return (used === true ? USED + text : text).toWellFormed().slice(0, MAX_REASON_LENGTH).toWellFormed();
}

/** Programs without types may answer anything. An unclear answer is a mistake, and accepts no payload. */
function checked(answer: unknown): VerifyResult {
  const given: Partial<Record<"ok" | "value" | "reason" | "used" | "later" | "retryAfterMs", unknown>> =
    typeof answer === "object" && answer !== null ? answer : {};
  const { ok, value, reason, used = false, later = false, retryAfterMs } = given;
  const whole = retryAfterMs === undefined || (typeof retryAfterMs === "number" && retryAfterMs >= 0);
  if (later === true && ok === undefined && whole) return { later, retryAfterMs };
  if (later === false && ok === true && (value === undefined || typeof value === "string")) return { ok, value };
  if (later === false && ok === false && typeof reason === "string" && typeof used === "boolean") {
    return { ok, reason, used };
  }
  throw invalidArgument(
    "verify must answer { ok: true, value? }, { ok: false, reason, used? } or { later: true, retryAfterMs? }.",
  );
}
