// Performs the payment machine's effects: calls of the store and of the seller's steps, waits, timers, and the answer.
// It decides nothing: it performs each effect by its kind, and sends the outcome to the machine as an event.
import { randomUUID } from "node:crypto";
import { isStoreError, StoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { allowListeners } from "../many-listeners.ts";
import { publishPayment } from "../payment-telemetry.ts";
import type { Paid } from "./paid.ts";
import { next, startPayment, wakeAtMs } from "./pay-machine/next.ts";
import type { Answer, PayEffect, PayEvent, PayMoved, StoreCall } from "./pay-machine/state.ts";
import { type PaySteps, paySteps } from "./pay-steps.ts";
import type { Keep, Payment, PaymentSteps } from "./payment.ts";
import { boundPayload, paymentRecord } from "./payment-records.ts";
import { sharedRecordOf, verifyShared, waitAtMost } from "./shared-verification.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";

export interface RunOptions<R> {
  signal: AbortSignal | undefined;
  leaseMs: number;
  order: "serve-then-settle" | "settle-then-serve";
  keep: Keep<R> | undefined;
  rememberRefusals: boolean;
  /** Told the attempt of the lease that is held, before the answer. */
  attempted?: ((attempt: number) => void) | undefined;
}

export function runPayment<R>(
  store: VerificationStore,
  payment: Payment,
  sellerSteps: PaymentSteps<R>,
  options: RunOptions<R>,
): Promise<Paid<R>> {
  const { signal, leaseMs, order, keep, rememberRefusals, attempted } = options;
  const key = paymentRecord(payment.key);
  return new Promise((resolve, reject) => {
    const thrown: unknown[] = [];
    const errorRef = (error: unknown) => thrown.push(error) - 1;
    const notes = new Map<number, { resolve(): void; reject(error: unknown): void }>();
    let timer: NodeJS.Timeout | undefined;
    const events: PayEvent[] = [];
    let busy = false;
    let moved: PayMoved = startPayment(
      {
        order,
        leaseMs,
        payload: boundPayload(payment.payloadHash),
        pastValidity: payment.validUntilMs <= Date.now(),
        reference: payment.reference,
        seed: randomUUID(),
      },
      performance.now(),
    );

    const steps: PaySteps<R> = paySteps({
      ...{ store, payment, steps: sellerSteps, leaseMs, keep, signal },
      tell,
      errorRef,
      note: (id, evidence) =>
        handled(
          new Promise((resolveNote, rejectNote) => {
            const noteId = notes.size;
            notes.set(noteId, { resolve: resolveNote, reject: rejectNote });
            tell({ on: "note", id, noteId, evidence });
          }),
        ),
    });

    function tell(event: PayEvent): void {
      events.push(event);
      if (busy) return;
      busy = true;
      for (let told = events.shift(); told !== undefined; told = events.shift()) {
        moved = next(moved.state, told, performance.now());
        if (moved.state.lease !== undefined) attempted?.(moved.state.lease.attempt);
        moved.effects.forEach(perform);
      }
      busy = false;
      schedule();
    }

    function schedule(): void {
      clearTimeout(timer);
      // A settlement that never answers leaves no listener on a signal that lives on.
      if (moved.state.at === "ended" || moved.state.at === "late") signal?.removeEventListener("abort", abort);
      const wake = wakeAtMs(moved.state);
      if (wake === undefined) return;
      timer = setTimeout(() => tell({ on: "time" }), Math.max(0, wake - performance.now()));
      // The caller has its answer or has left, and this may take long: no process is kept alive for it.
      if (moved.state.at === "undeliver") timer.unref();
    }

    function abort(): void {
      tell({ on: "aborted" });
      reject(signal?.reason);
    }

    function perform(effect: PayEffect) {
      switch (effect.do) {
        case "store":
          return callStore(effect.call);
        case "step":
          return steps.run(effect.call);
        case "stop":
          return steps.stop(effect.id, effect.why);
        case "wait":
          // If the wait fails, the claim that follows it tells why.
          void waitAtMost(store, key, effect.ms, signal)
            .catch(() => new Promise((wait) => setTimeout(wait, Math.min(effect.ms, 50))))
            .then(() => tell({ on: "waited" }));
          return;
        case "answer":
          return resolve(paid(effect.answer));
        case "fail":
          return reject(thrown[effect.error]);
        case "noted":
          for (const id of effect.ids) {
            if (effect.error === undefined) notes.get(id)?.resolve();
            else notes.get(id)?.reject(effect.error === "lost" ? leaseLost() : thrown[effect.error]);
          }
          return;
        case "report":
          publishPayment({ event: effect.event, handle: sha256(key), attempt: effect.attempt });
      }
    }

    function callStore(call: StoreCall): void {
      const sentAtMs = performance.now();
      send(call, sentAtMs).then(tell, (error: unknown) =>
        tell({
          on: "failed",
          unavailable: isStoreError(error, "STORE_UNAVAILABLE"),
          mayHaveRun: !isStoreError(error) || error.outcome === "unknown",
          tooLarge: isStoreError(error, "STORE_VALUE_TOO_LARGE"),
          error: errorRef(error),
        }),
      );
    }

    async function send(call: StoreCall, sentAtMs: number): Promise<PayEvent> {
      const { payloadHash, fingerprint, collector, reference, validUntilMs, pricedBy } = payment;
      const bound = { payload: payloadHash, collector, pricedBy };
      const keptForMs = keep?.forMs;
      switch (call.call) {
        case "peek":
          return { on: "looked", reply: await store.peek(key) };
        case "claim": {
          const { token } = call;
          const asked = { token, fingerprint, leaseMs, onLeaseExpiry: "retry", retainUntilMs: validUntilMs } as const;
          return { on: "claimed", reply: await store.claim(key, { ...asked, payment: bound }), sentAtMs };
        }
        case "reconcile":
          return { on: "claimed", reply: await store.reconcile(key, { token: call.token, leaseMs }), sentAtMs };
        case "renew":
          return { on: "ended", reply: await store.renew(key, call.lease, leaseMs, { kept: call.kept }), sentAtMs };
        case "renewForSettlement": {
          const more = { onLeaseExpiry: "unknown", reference, kept: call.kept } as const;
          return { on: "ended", reply: await store.renew(key, call.lease, leaseMs, more), sentAtMs };
        }
        case "note":
          return { on: "ended", reply: await store.note(key, call.lease, call.evidence), sentAtMs };
        case "markUnknown":
          return { on: "ended", reply: await store.markUnknown(key, call.lease, call.evidence), sentAtMs };
        case "release": {
          const { lease, refused } = call;
          const { refusal, refusals } = moved.state;
          if (rememberRefusals && refusal !== undefined) await rememberRefusal(lease, refusals + 1, refusal.reason);
          return { on: "ended", reply: await store.release(key, lease, { refused }), sentAtMs };
        }
        case "expire": {
          const { lease, reason } = call;
          return { on: "ended", reply: await store.expire(key, { lease, reason }), sentAtMs };
        }
        case "settle": {
          const { receipt, lease, deliver } = call;
          const request = { receipt, lease, fingerprint, payment: bound, retainUntilMs: validUntilMs };
          const delivery = deliver && { ...deliver, keptForMs };
          return { on: "recorded", reply: await store.settle(key, { ...request, deliver: delivery }) };
        }
        case "deliver": {
          const { token, kept } = call;
          return { on: "recorded", reply: await store.deliver(key, { token, kept, keptForMs }) };
        }
        case "undeliver":
          return { on: "ended", reply: await store.undeliver(key, call.token), sentAtMs };
      }
    }

    /**
     * Before the payment is free again: as the rejection of the verification that its next holder asks for. Sent again, it resumes
     * its own claim by the same token.
     */
    async function rememberRefusal({ token }: Lease, refusals: number, reason: string): Promise<void> {
      const refuse = async () => ({ ok: false, reason }) as const;
      const sharing = { signal: undefined, leaseMs, waitMs: 0, token };
      const { status } = await verifyShared(store, sharedRecordOf(payment, refusals), refuse, sharing);
      if (status !== "rejected") throw new StoreError("STORE_UNAVAILABLE", "The refusal could not be remembered.");
    }

    async function paid(answer: Answer): Promise<Paid<R>> {
      if (answer.status !== "paid") return answer;
      const { receipt } = answer;
      if (answer.fresh) return { status: "paid", fresh: true, receipt, result: steps.result() };
      const kept = answer.kept === undefined ? undefined : await steps.readKept(answer.kept);
      return { status: "paid", fresh: false, receipt, ...(kept !== undefined && { kept: kept.value }) };
    }

    allowListeners(signal);
    signal?.addEventListener("abort", abort, { once: true });
    moved.effects.forEach(perform);
    schedule();
  });
}

/** The rejection of a note after a lost lease: settle must not go on. */
function leaseLost(): DOMException {
  return new DOMException("The lease was lost; another instance may be settling this payment.", "AbortError");
}

/**
 * A refused note that settle does not await must not end the process as an unhandled rejection: money is on its way.
 */
function handled(note: Promise<void>): Promise<void> {
  note.catch(() => undefined);
  return note;
}
