// The vocabulary of the payment machine's moves: a draft of the next state, and the effects that it asks for.
import type { PaymentMessage } from "../../payment-telemetry.ts";
import type { Lease } from "../verification-store.ts";
import type { After, Answer, PayEffect, PayEvent, PayState, Place, StepCall, StoreCall } from "./state.ts";

/** How many leases a remote step (verify, settle, find) has to answer; and how many a receipt has to be recorded. */
export const STEP_LEASES = 3;
/** How many leases a delivery that its caller did not hear of has to be taken back: the last moment to save its result. */
export const UNDELIVER_LEASES = 60;
/** When a caller should ask again about a payment whose outcome is open. */
export const RETRY_PENDING_MS = 1_000;
const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 1_000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One event's draft. `goes` is set when a place is entered; its entry runs next. */
export interface Draft {
  s: Mutable<PayState>;
  out: PayEffect[];
  nowMs: number;
  goes: boolean;
}

/** What a place does on entry, at an event, and when its lease, its step's time or its retries are over. */
export interface Room {
  enter(draft: Draft): void;
  /** `call`: the store call that the event answers. Renewals and notes are answered elsewhere. */
  on?(draft: Draft, event: PayEvent, call: StoreCall | undefined): void;
  leaseLost?(draft: Draft): void;
  late?(draft: Draft): void;
  gaveUp?(draft: Draft): void;
}

export function goTo(draft: Draft, place: Place): void {
  const { s } = draft;
  s.at = place;
  s.queued = undefined;
  s.retry = undefined;
  s.giveUpAtMs = undefined;
  s.resent = false;
  draft.goes = true;
}

/** Ends something first, then goes on with `after`. */
export function endBy(draft: Draft, place: "release" | "markUnknown" | "record", after: After): void {
  draft.s.after = after;
  goTo(draft, place);
}

/** Sends a call, or queues it until the call under way is answered. */
export function send({ s, out }: Draft, call: StoreCall): void {
  if (s.calling !== undefined) {
    s.queued = call;
    return;
  }
  s.calling = call;
  out.push({ do: "store", call });
}

/** Makes a failed call again after a backoff: at least once, however long it took to fail. */
export function retryLater({ s, nowMs }: Draft, call: StoreCall, lastBackoffMs: number = LAST_BACKOFF_MS): void {
  const backoffMs = s.retry === undefined ? FIRST_BACKOFF_MS : Math.min(2 * s.retry.backoffMs, lastBackoffMs);
  s.retry = { call, atMs: nowMs + backoffMs, backoffMs };
  if (!s.resent && s.giveUpAtMs !== undefined) s.giveUpAtMs = Math.max(s.giveUpAtMs, s.retry.atMs + 1);
  s.resent = true;
}

type StepToRun =
  | { step: "verify"; refusals: number }
  | { step: "serve" | "settle"; fence: string }
  | { step: "find"; fence: string; evidence?: string; reference?: string }
  | { step: "read"; text: string };

export function runStep({ s, out, nowMs }: Draft, call: StepToRun, withinMs?: number): void {
  const id = s.steps;
  s.steps += 1;
  s.step = { id, kind: call.step, ...(withinMs !== undefined && { deadlineMs: nowMs + withinMs }) };
  const numbered: StepCall = { ...call, id };
  out.push({ do: "step", call: numbered });
}

/** The caller of a step without a limit has left: the step has three leases to end. */
export function limitStep({ s, nowMs }: Draft): void {
  if (s.step !== undefined) s.step = { ...s.step, deadlineMs: nowMs + STEP_LEASES * s.input.leaseMs };
}

/** Tells the running step to stop. Its answer no longer counts. */
export function dropStep({ s, out }: Draft, why: "lease" | "deadline" | "caller"): void {
  if (s.step === undefined) return;
  out.push({ do: "stop", id: s.step.id, why });
  s.step = undefined;
}

export function newToken({ s }: Draft): string {
  s.tokens += 1;
  return `${s.input.seed}:${s.tokens}`;
}

/** The lease in the form of the store's calls. */
export function leaseOf({ s }: Draft): Lease {
  const { token = "", fence = "0", attempt = 0 } = s.lease ?? {};
  return { token, fence, attempt, ttlMs: s.input.leaseMs };
}

export const fenceOf = ({ s }: Draft): string => s.lease?.fence ?? "0";

export function hold({ s }: Draft, lease: Lease, sentAtMs: number): void {
  s.leaseLost = false;
  const { token, fence, attempt, ttlMs } = lease;
  s.lease = { token, fence, attempt, untilMs: sentAtMs + ttlMs, renewAtMs: sentAtMs + s.input.leaseMs / 3 };
}

export function extend({ s }: Draft, sentAtMs: number): void {
  if (s.lease === undefined) return;
  const untilMs = Math.max(s.lease.untilMs, sentAtMs + s.input.leaseMs);
  s.lease = { ...s.lease, untilMs, renewAtMs: sentAtMs + s.input.leaseMs / 3 };
}

/** Answers the caller, once. A caller that left gets no answer. */
export function answer({ s, out }: Draft, given: Answer): void {
  if (s.caller !== "waiting") return;
  out.push({ do: "answer", answer: given });
  if (given.status === "pending") out.push({ do: "report", event: "pending", attempt: s.lease?.attempt ?? 0 });
  s.caller = "told";
}

export function report({ s, out }: Draft, event: PaymentMessage["event"]): void {
  out.push({ do: "report", event, attempt: s.lease?.attempt ?? 0 });
}

export const pending: Answer = { status: "pending", retryAfterMs: RETRY_PENDING_MS };

/** Answers, and is done. */
export function finish(draft: Draft, given: Answer): void {
  answer(draft, given);
  goTo(draft, "ended");
}

/** Goes on once something is ended. */
export function proceed(draft: Draft, after: After): void {
  const { s, out } = draft;
  if (after === "again") {
    again(draft);
    return;
  }
  if (after !== "nothing" && !("fail" in after)) answer(draft, after);
  else if (after !== "nothing" && s.caller === "waiting") {
    out.push({ do: "fail", error: after.fail });
    s.caller = "told";
  }
  leave(draft);
}

/** The lease was lost, or the record has changed: starts over from the claim. */
export function again(draft: Draft): void {
  const { s } = draft;
  s.attempts += 1;
  s.lease = undefined;
  s.leaseLost = false;
  s.evidence = undefined;
  s.found = undefined;
  s.made = undefined;
  s.kept = undefined;
  s.receipt = undefined;
  s.receiptSaved = false;
  s.delivery = undefined;
  s.maybeDelivered = undefined;
  s.refusal = undefined;
  if (s.caller === "waiting") goTo(draft, "claim");
  else leave(draft);
}

/** Nothing is left to do but to wait for a late settlement. */
function leave(draft: Draft) {
  goTo(draft, draft.s.late === undefined ? "ended" : "late");
}
