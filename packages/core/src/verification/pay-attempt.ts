// One attempt at a payment by the holder of its lease, and the reconciliation of one that died.
import { isStoreError } from "../errors.ts";
import { type LeaseKeeper, withinLease } from "./lease-keeper.ts";
import type { Paid } from "./paid.ts";
import type { Payment, PaymentSteps } from "./payment.ts";
import { writeReceipt } from "./receipt.ts";
import { rememberRefusal, wasRefused } from "./refusals.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";
import { STEP_LEASES } from "./verify-once.ts";
import { completeWhileHeld, whileHeld } from "./while-held.ts";

export interface Attempt<R> {
  store: VerificationStore;
  key: string;
  lease: Lease;
  keeper: LeaseKeeper;
  payment: Payment;
  steps: PaymentSteps<R>;
  order: "serve-then-settle" | "settle-then-serve";
  leaseMs: number;
  /** The caller's. It ends an attempt only before the settlement. */
  signal: AbortSignal | undefined;
  serialize: ((result: R) => string) | undefined;
  /** Whether this caller has just verified the payload, and waited for nobody since: whom it waited for may have been refused. */
  verifiedNow: boolean;
  /** How long its acceptance, and so a refusal, is remembered. */
  acceptedForMs: number;
}

/** "again": the lease was lost or the earlier attempt undone, so that the record must be looked at anew. */
type Outcome<R> = Paid<R> | "again";

/** After a refusal: 402, or 503 where it may be out of date. */
type Refusal = { status: "rejected"; reason: string } | ReturnType<typeof pending>;

/** When to ask again about a payment whose outcome is unknown. */
const RETRY_PENDING_MS = 1_000;

/** Takes a freshly claimed payment to its end. */
export async function runPayment<R>(attempt: Attempt<R>): Promise<Outcome<R>> {
  try {
    const refusal = await verifyAgain(attempt);
    if (refusal !== undefined) return refusal;
    return attempt.order === "serve-then-settle" ? await serveThenSettle(attempt) : await settleThenServe(attempt);
  } finally {
    attempt.keeper.stop();
  }
}

/** Finds out what became of an earlier attempt, and ends it accordingly. */
export async function settleUnknown<R>(attempt: Attempt<R>, evidence: string | undefined): Promise<Outcome<R>> {
  const { keeper, steps, lease, leaseMs, order } = attempt;
  try {
    const found = await withinLease([keeper.signal], STEP_LEASES * leaseMs, (signal) =>
      steps.findSettlement(evidence, { signal, fence: lease.fence }),
    ).catch(() => "unknown" as const);
    if (found === "none") {
      await releaseQuietly(attempt);
      return "again";
    }
    if (typeof found !== "object" || typeof found?.receipt !== "string") {
      // The record has kept its evidence, or newer one of a late holder.
      await markUnknownQuietly(attempt, undefined);
      return pending();
    }
    if (order === "settle-then-serve") return await serveSettled(attempt, found.receipt);
    // It was served before it was settled: once is enough.
    const { receipt } = found;
    const completion = await completeDurably(attempt, receipt, undefined);
    return completion === "unconfirmed" ? pending() : { status: "paid", fresh: false, receipt };
  } finally {
    keeper.stop();
  }
}

/** Where the acceptance may be out of date: within the lease, so once at a time; undefined: accepted. */
async function verifyAgain<R>(attempt: Attempt<R>): Promise<Outcome<R> | undefined> {
  const { keeper, steps, lease, leaseMs } = attempt;
  try {
    if (attempt.verifiedNow || !(await wasRefused(attempt.store, attempt.payment))) return undefined;
    const result = await withinLease([keeper.signal], STEP_LEASES * leaseMs, (signal) =>
      steps.verify({ signal, fence: lease.fence }),
    );
    return result.ok ? undefined : await refuse(attempt, result.reason);
  } catch (error) {
    if (keeper.signal.aborted) return "again";
    await releaseQuietly(attempt);
    throw error;
  }
}

async function serveThenSettle<R>(attempt: Attempt<R>): Promise<Outcome<R>> {
  const { keeper, signal, serialize } = attempt;
  let result: R;
  let stored: string | undefined;
  try {
    signal?.throwIfAborted();
    result = await serve(attempt, signal);
    stored = serialize?.(result);
    signal?.throwIfAborted();
    // It is served: a store that is away for a moment shall not have it served a second time.
    if (!(await whileHeld(() => keeper.switchToUnknown(), keeper.deadline, signal))) return "again";
  } catch (error) {
    if (keeper.signal.aborted) return "again";
    await releaseQuietly(attempt);
    throw error;
  }
  const settled = await settle(attempt, stored);
  if (settled.status !== "settled") return settled;
  return finish(attempt, settled.receipt, result, stored);
}

async function settleThenServe<R>(attempt: Attempt<R>): Promise<Outcome<R>> {
  const { keeper, signal, store, key, lease } = attempt;
  try {
    signal?.throwIfAborted();
    if (!(await keeper.switchToUnknown())) return "again";
  } catch (error) {
    await releaseQuietly(attempt);
    throw error;
  }
  const settled = await settle(attempt, undefined);
  if (settled.status !== "settled") return settled;
  // For whoever must find the settlement should we die while serving.
  await store.note(key, lease, settled.receipt).catch(() => undefined);
  return serveSettled(attempt, settled.receipt);
}

/** Serves what is paid for already. A throw leaves it to the next caller, who finds the settlement and is served. */
async function serveSettled<R>(attempt: Attempt<R>, receipt: string): Promise<Outcome<R>> {
  const { keeper, serialize } = attempt;
  let result: R;
  let stored: string | undefined;
  try {
    result = await serve(attempt, undefined);
    stored = serialize?.(result);
  } catch (error) {
    if (keeper.signal.aborted) return "again";
    await markUnknownQuietly(attempt, receipt);
    throw error;
  }
  return finish(attempt, receipt, result, stored);
}

/** Ends early only when the lease is lost: an abort is the step's to answer, so that no second one runs beside it. */
function serve<R>({ keeper, steps, lease }: Attempt<R>, caller: AbortSignal | undefined): Promise<R> {
  return withinLease([keeper.signal], undefined, (kept) => {
    const signal = caller === undefined ? kept : AbortSignal.any([kept, caller]);
    return steps.serve({ signal, fence: lease.fence });
  });
}

type SettleAnswer = Awaited<ReturnType<PaymentSteps<unknown>["settle"]>>;
type Settled = { status: "settled"; receipt: string } | Refusal;

async function settle<R>(attempt: Attempt<R>, stored: string | undefined): Promise<Settled> {
  const { store, key, lease, keeper, steps, leaseMs } = attempt;
  let evidence: string | undefined;
  let running: ReturnType<typeof steps.settle> | undefined;
  try {
    const settled = await withinLease([keeper.signal], STEP_LEASES * leaseMs, (signal) => {
      running = steps.settle({
        signal,
        fence: lease.fence,
        async note(text) {
          const before = evidence;
          evidence = text;
          // Out of reach is no reason to give up a settlement under way; evidence that cannot be kept is a mistake.
          await store.note(key, lease, text).catch((error: unknown) => {
            if (isStoreError(error, "STORE_UNAVAILABLE")) return;
            evidence = before;
            throw error;
          });
        },
      });
      return running;
    });
    if (isReceipt(settled)) return { status: "settled", receipt: settled.receipt };
    if (settled.ok === false) {
      await rememberRefusal(store, attempt.payment, attempt.acceptedForMs);
      return await refuse(attempt, settled.reason);
    }
  } catch {
    // Threw, timed out or lost its lease: the money may have moved.
    running?.then((late) => completeLate(attempt, late, stored)).catch(() => undefined);
  }
  await markUnknownQuietly(attempt, evidence);
  return pending();
}

/** Programs without types may answer anything: only a clear yes is one. */
function isReceipt(answer: SettleAnswer): answer is { ok: true; receipt: string } {
  return answer.ok === true && typeof answer.receipt === "string";
}

/**
 * A settlement that succeeds after its time is still recorded, unless somebody has reconciled it meanwhile; but only where
 * what was served is kept with it. Otherwise it stays in doubt, and whoever reconciles it learns of the evidence: a record
 * that is done would leave the payer with a receipt and nothing else.
 */
async function completeLate<R>(attempt: Attempt<R>, late: SettleAnswer, stored: string | undefined): Promise<void> {
  // In the other order the result is still owed: whoever reconciles serves it.
  if (isReceipt(late) && attempt.order === "serve-then-settle" && stored !== undefined) {
    await completeDurably(attempt, late.receipt, stored);
  }
}

/** fresh only if the store confirmed it: whatever else, somebody else may have been told so. */
async function finish<R>(
  attempt: Attempt<R>,
  receipt: string,
  result: R,
  stored: string | undefined,
): Promise<Paid<R>> {
  const completion = await completeDurably(attempt, receipt, stored);
  if (completion === "ok") return { status: "paid", fresh: true, receipt, result };
  if (completion === "unconfirmed") return pending();
  return { status: "paid", fresh: false, receipt, ...(stored !== undefined && { stored }) };
}

/** Completes, again and again while the lease may still be ours, for three leases at most: the money has moved. */
async function completeDurably<R>(
  { store, key, lease, keeper, payment, leaseMs }: Attempt<R>,
  receipt: string,
  stored: string | undefined,
): Promise<"ok" | "lost" | "unconfirmed"> {
  let kept = stored;
  const patience = performance.now() + STEP_LEASES * leaseMs;
  for (;;) {
    try {
      const value = writeReceipt(receipt, kept);
      const result = { outcome: "accepted" as const, value, retainUntilMs: payment.validUntilMs };
      return await completeWhileHeld(store, key, lease, result, () => Math.min(patience, keeper.deadline()));
    } catch (error) {
      if (isStoreError(error, "STORE_UNAVAILABLE")) return "unconfirmed";
      if (!isStoreError(error, "STORE_VALUE_TOO_LARGE") || kept === undefined) throw error;
      kept = undefined;
    }
  }
}

export function pending(): { status: "pending"; retryAfterMs: number } {
  return { status: "pending", retryAfterMs: RETRY_PENDING_MS };
}

/** Refused only if the store confirms that the payment is free again: else somebody else may be making it, or have made it. */
async function refuse<R>({ store, key, lease }: Attempt<R>, reason: string): Promise<Refusal> {
  const released = await store.release(key, lease).catch(() => undefined);
  return released?.status === "ok" ? { status: "rejected", reason: String(reason) } : pending();
}

/** Best effort: a lease that is neither released nor marked ends by itself, and means the same then or more. */
async function releaseQuietly<R>({ store, key, lease }: Attempt<R>): Promise<void> {
  await store.release(key, lease).catch(() => undefined);
}

async function markUnknownQuietly<R>({ store, key, lease }: Attempt<R>, evidence: string | undefined): Promise<void> {
  await store.markUnknown(key, lease, evidence).catch(() => undefined);
}
