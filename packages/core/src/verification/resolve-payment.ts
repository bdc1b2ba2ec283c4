// For operators: ends a payment that nobody else can, and takes up those whose makers died.
import { randomUUID } from "node:crypto";
import type { CallOptions } from "../call-options.ts";
import { invalidArgument, isStoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { publishPayment } from "../telemetry.ts";
import { keepLease, withinLease } from "./lease-keeper.ts";
import { findAnswer } from "./pay-answers.ts";
import type { FindContext, FoundSettlement } from "./payment.ts";
import { cutReceipt, requireFacadeLease, requireName } from "./verification-arguments.ts";
import type { Ended, Settlement, Unresolved, VerificationStore } from "./verification-store.ts";

/** `key`: the payment's, as `payOnce` was given it. `handle`: as `unresolved()` or telemetry tells it. */
export type PaymentName = { key: string } | { handle: string };

/**
 * `receipt`: it settled, and is owed from now on unless it is delivered. `none`: it never will, for this reason. `delivered`:
 * the payer has what was paid for.
 */
export type Resolution = { receipt: string } | { none: string } | { delivered: true };

/**
 * Puts down what an operator found out. A receipt is taken in every state and needs no lease; `none` is "lost" while an
 * attempt's lease is live, and for what is settled; `delivered` where nothing is settled. A receipt makes a record where there is
 * none, as after a loss: a mistyped handle, too, is then owed for 31 days. Safe to repeat. Throws
 * STORE_VALUE_TOO_LARGE, before anything is changed, for a receipt above maxValueBytes.
 */
export async function resolvePayment(
  store: VerificationStore,
  payment: PaymentName,
  resolution: Resolution,
  options?: CallOptions,
): Promise<Ended> {
  if (typeof payment !== "object" || payment === null)
    throw invalidArgument("Name the payment: { key } or { handle }.");
  const name = "key" in payment ? `p:${requireName(payment.key, "key")}` : payment;
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

/** Tells of a receipt that should not have come. */
function alarm(handle: string, attempt: number, receipt: string, settled: Settlement): void {
  if (settled.status === "lost") return;
  if (settled.wasExpired === true) publishPayment({ event: "receipt-after-expiry", handle, attempt });
  if (settled.receipt !== receipt) publishPayment({ event: "second-receipt", handle, attempt });
}

export interface ReconcileOptions extends CallOptions {
  /** How many payments are looked into at once. Default 4. */
  concurrency?: number | undefined;
  /** Renewed at a third; `findSettlement` has three of them to answer. Default 10,000. */
  leaseMs?: number | undefined;
}

/** How many payments ended how. */
export interface Reconciled {
  /** Found to be settled: owed to their payers now. */
  settled: number;
  /** Ended for good: they never settled. */
  expired: number;
  /** Still in doubt, or ended or taken up by another since it was listed. */
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
 * Goes through the payments in doubt, by what `unresolved()` lists, and asks `findSettlement` about each: for a timer, or a
 * command. It may run on several instances at once: each payment is looked into by one. Rejects where the list fails,
 * and with `signal`'s reason.
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
    // Ended, or taken up, by another since it was listed.
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

  /** The money has moved: a receipt that does not fit is cut to its hash, and said to be. */
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
