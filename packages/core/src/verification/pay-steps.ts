// Runs the seller's steps for the payment machine: gives them signals, and checks their answers.
import { isStoreError } from "../errors.ts";
import { findAnswer, settleAnswer } from "./pay-answers.ts";
import type { PayEvent, StepCall } from "./pay-machine/state.ts";
import type { Keep, Payment, PaymentSteps } from "./payment.ts";
import { type SharedVerification, sharedRecordOf, verifyShared } from "./shared-verification.ts";
import { REMEMBERED_FOR_MS } from "./verification-record.ts";
import type { VerificationStore } from "./verification-store.ts";

export interface PaySteps<R> {
  run(call: StepCall): void;
  /** Aborts the step's signal. The step's answer is still sent to the machine. */
  stop(id: number, why: "lease" | "deadline" | "caller"): void;
  /** The result of the last serve or read. */
  result(): R;
  /** Undefined: it cannot be read. Rejects with a `StoreError`, which may be over soon. */
  readKept(text: string): Promise<{ value: R } | undefined>;
}

interface Surroundings<R> {
  store: VerificationStore;
  payment: Payment;
  steps: PaymentSteps<R>;
  leaseMs: number;
  keep: Keep<R> | undefined;
  signal: AbortSignal | undefined;
  tell(event: PayEvent): void;
  errorRef(error: unknown): number;
  note(id: number, evidence: string): Promise<void>;
}

export function paySteps<R>({
  store,
  payment,
  steps,
  leaseMs,
  keep,
  signal,
  tell,
  errorRef,
  note,
}: Surroundings<R>): PaySteps<R> {
  const running = new Map<number, AbortController>();
  /** Steps whose answer no longer counts: what they still make is not delivered. */
  const dropped = new Set<number>();
  let made: { value: R } | undefined;

  const readKept = async (text: string): Promise<{ value: R } | undefined> => {
    try {
      return keep && { value: await keep.read(text) };
    } catch (error) {
      if (isStoreError(error)) throw error;
      return undefined;
    }
  };
  const written = (value: R): string | undefined => {
    try {
      const text: unknown = keep?.write(value);
      return typeof text === "string" && text.isWellFormed() ? text : undefined;
    } catch {
      return undefined;
    }
  };

  const answered = async (call: StepCall, stepSignal: AbortSignal): Promise<PayEvent> => {
    const { id } = call;
    switch (call.step) {
      case "verify": {
        const record = sharedRecordOf(payment, call.refusals);
        // As long as the payment itself, by the store's clock.
        const retainUntilMs = payment.validUntilMs + REMEMBERED_FOR_MS;
        const sharing = { signal, leaseMs, waitMs: leaseMs, retainUntilMs, early: true };
        return { on: "verified", id, result: verified(await verifyShared(store, record, steps.verify, sharing)) };
      }
      case "serve": {
        const value = await steps.serve({ signal: stepSignal, fence: call.fence });
        if (!dropped.has(id)) made = { value };
        const kept = written(value);
        return { on: "served", id, ...(kept !== undefined && { kept }) };
      }
      case "settle": {
        const context = { signal: stepSignal, fence: call.fence, note: (evidence: string) => note(id, evidence) };
        return { on: "settled", id, answer: settleAnswer(await steps.settle(context)) };
      }
      case "find": {
        const { evidence, reference, fence } = call;
        const context = { signal: stepSignal, fence, ...(reference !== undefined && { reference }) };
        return { on: "found", id, answer: findAnswer(await steps.findSettlement(evidence, context)) };
      }
      case "read": {
        const read = await readKept(call.text);
        if (!dropped.has(id)) made = read;
        return { on: "read", id, ok: read !== undefined };
      }
    }
  };

  return {
    readKept,
    run(call) {
      const controller = new AbortController();
      running.set(call.id, controller);
      answered(call, controller.signal)
        .catch((error: unknown): PayEvent => ({ on: "threw", id: call.id, error: errorRef(error) }))
        .then((event) => {
          running.delete(call.id);
          tell(event);
        });
    },
    stop(id, why) {
      if (why !== "caller") dropped.add(id);
      running.get(id)?.abort(why === "caller" ? signal?.reason : stopReason[why]());
    },
    result() {
      if (made === undefined) throw new Error("The payment machine delivers what was not made.");
      return made.value;
    },
  };
}

const stopReason = {
  lease: () => new DOMException("The lease was lost; another instance may be doing this work.", "AbortError"),
  deadline: () => new DOMException("The step did not answer in time.", "TimeoutError"),
};

function verified(shared: SharedVerification): Extract<PayEvent, { on: "verified" }>["result"] {
  switch (shared.status) {
    case "accepted":
    case "mismatch":
      return { status: shared.status };
    case "rejected":
      return { status: "rejected", reason: shared.reason, used: shared.used };
    case "later":
    case "pending":
      return { status: "pending", retryAfterMs: Math.max(1, shared.retryAfterMs) };
  }
}
