// For operators: ends a payment that no caller can end, and reconciles payments whose attempts died.
import { randomUUID } from "node:crypto";
import type { CallOptions } from "../call-options.ts";
import { invalidArgument, isStoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { publishPayment } from "../payment-telemetry.ts";
import { keepLease, withinLease } from "./lease-keeper.ts";
import { findAnswer } from "./pay-answers.ts";
import type { FindContext, FoundSettlement } from "./payment.ts";
import { paymentRecord } from "./payment-records.ts";
import { cutReceipt, requireFacadeLease, requireName } from "./verification-arguments.ts";
import type { LeaseResult, Settlement, Unresolved, VerificationStore } from "./verification-store.ts";

/** `key`: the payment's, as given to `payOnce`. `handle`: as `unresolved()` or telemetry gives it. */
export type PaymentName = { key: string } | { handle: string };

/**
 * `receipt`: it settled; it is owed from now on, unless it is delivered. `none`: it never will settle, for this reason.
 * `delivered`: the payer has the result.
 */
export type Resolution = { receipt: string } | { none: string } | { delivered: true };

/**
 * Records what an operator found out. A receipt is taken in every state and needs no lease. `none` is "lost" while an
 * attempt's lease is live, and where the payment is settled. `delivered` is "lost" where nothing is settled.
 *
 * A receipt makes a record where there is none, as after a data loss. So a mistyped handle, too, is owed for 31 days.
 * Where another receipt is on record that one stays: "ok", and "second-receipt" on the telemetry channel.
 * Safe to repeat. Throws STORE_VALUE_TOO_LARGE, before anything is changed, for a receipt above maxValueBytes.
 */
export async function resolvePayment(
  store: VerificationStore,
  payment: PaymentName,
  resolution: Resolution,
  options?: CallOptions,
): Promise<LeaseResult> {
  if (typeof payment !== "object" || payment === null)
    throw invalidArgument("Name the payment: { key } or { handle }.");
  const name = "key" in payment ? paymentRecord(requireName(payment.key, "key")) : payment;
  if (typeof resolution !== "object" || resolution === null) {
    throw invalidArgument("Say { receipt }, { none } or { delivered: true }.");
  }
  if ("receipt" in resolution) {
    const { receipt } = resolution;
    const settled = await store.settle(name, { receipt }, options);
    if (settled.status === "lost") return settled;
    alarm(typeof name === "string" ? sha256(name) : name.handle, 0, receipt, settled);
    return { status: "ok" };
  }
  if ("none" in resolution) return store.expire(name, { reason: requireName(resolution.none, "none") }, options);
  if (resolution.delivered !== true) throw invalidArgument("Say { receipt }, { none } or { delivered: true }.");
  const delivered = await store.deliver(name, { token: randomUUID() }, options);
  if (delivered.status === "delivered") return { status: "ok" };
  return { status: "lost", current: delivered.status === "lost" ? delivered.current : "settled" };
}

/** Reports a receipt that should not have come. */
function alarm(handle: string, attempt: number, receipt: string, settled: Settlement): void {
  if (settled.status === "lost") return;
  if (settled.wasExpired === true) publishPayment({ event: "receipt-after-expiry", handle, attempt });
  if (settled.receipt !== receipt) publishPayment({ event: "second-receipt", handle, attempt });
}

export interface ReconcileOptions extends CallOptions {
  /** How many payments are reconciled at once. Default 4. */
  concurrency?: number | undefined;
  /**
   * Milliseconds, renewed at a third; `findSettlement` has three leases to answer. At most 3,600,000. Default 10,000.
   */
  leaseMs?: number | undefined;
}

/** How many payments ended in each way. */
export interface Reconciled {
  /** Found to be settled: now owed to their payers. */
  settled: number;
  /** Ended for good: they never settled. */
  expired: number;
  /** Still in doubt; or ended, or taken over by another caller, since the listing. */
  inDoubt: number;
  /** Settled before, and waiting for their payers. */
  owed: number;
  /** `findSettlement` threw, or the store failed: still in doubt. */
  failed: number;
}

const DEFAULT_CONCURRENCY = 4;
const DEFAULT_LEASE_MS = 10_000;
const STEP_LEASES = 3;

/**
 * Lists the payments in doubt with `unresolved()` and asks `findSettlement` about each: for a timer or a command. It
 * may run on several instances at once; each payment is reconciled by one of them. Rejects where the listing fails, and
 * with `signal`'s reason.
 */
export async function reconcileUnresolved(
  store: VerificationStore,
  findSettlement: (
    evidence: string | undefined,
    context: FindContext & Pick<Unresolved, "handle">,
  ) => Promise<FoundSettlement>,
  options: ReconcileOptions = {},
): Promise<Reconciled> {
  const { signal, concurrency = DEFAULT_CONCURRENCY, leaseMs = DEFAULT_LEASE_MS } = options;
  requireFacadeLease(leaseMs);
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw invalidArgument("concurrency must be a whole number, 1 or more.");
  }
  const counts: Reconciled = { settled: 0, expired: 0, inDoubt: 0, owed: 0, failed: 0 };
  const running = new Set<Promise<void>>();
  for await (const payment of store.unresolved({ signal })) {
    if (signal?.aborted === true) break;
    if (payment.kind !== "in-doubt") {
      counts.owed += 1;
      continue;
    }
    const one = reconcileOne(payment).then(
      (ended) => {
        counts[ended] += 1;
        running.delete(one);
      },
      () => {
        counts.failed += 1;
        running.delete(one);
      },
    );
    running.add(one);
    if (running.size >= concurrency) await Promise.race(running);
  }
  await Promise.all(running);
  signal?.throwIfAborted();
  return counts;

  async function reconcileOne({ handle }: Unresolved): Promise<keyof Reconciled> {
    const name = { handle };
    const sentAt = performance.now();
    const claim = await store.reconcile(name, { token: randomUUID(), leaseMs });
    if (claim.status === "settled") return "owed";
    // Ended, or taken over by another caller, since the listing.
    if (claim.status !== "claimed") return "inDoubt";
    const { lease, evidence, reference } = claim;
    const keeper = keepLease(store, name, lease, leaseMs, sentAt);
    try {
      const signals = signal === undefined ? [keeper.signal] : [keeper.signal, signal];
      const found = findAnswer(
        await withinLease(signals, STEP_LEASES * leaseMs, (stepSignal) =>
          findSettlement(evidence, { signal: stepSignal, fence: lease.fence, reference, handle }),
        ),
      );
      if (found === "unknown" || found === "unclear") {
        await store.markUnknown(name, lease);
        return "inDoubt";
      }
      if ("receipt" in found) {
        publishPayment({ event: "recovered", handle, attempt: lease.attempt });
        await settleFound(handle, lease.attempt, found.receipt);
        return "settled";
      }
      const ended = await store.expire(name, { reason: found.none, lease });
      if (ended.status === "lost") return "inDoubt";
      publishPayment({ event: "expired", handle, attempt: lease.attempt });
      return "expired";
    } catch (error) {
      await store.markUnknown(name, lease).catch(() => undefined);
      throw error;
    } finally {
      keeper.stop();
    }
  }

  /** The money has moved, so a receipt that does not fit is cut to its hash, and the cut is reported. */
  async function settleFound(handle: string, attempt: number, receipt: string): Promise<void> {
    try {
      alarm(handle, attempt, receipt, await store.settle({ handle }, { receipt }));
    } catch (error) {
      if (!isStoreError(error, "STORE_VALUE_TOO_LARGE")) throw error;
      const cut = cutReceipt(receipt);
      publishPayment({ event: "receipt-cut", handle, attempt });
      alarm(handle, attempt, cut, await store.settle({ handle }, { receipt: cut }));
    }
  }
}
