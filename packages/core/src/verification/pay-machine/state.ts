// The payment machine's state, events and effects: plain data throughout, so that the explorer can run it.
import type { PaymentMessage } from "../../payment-telemetry.ts";
import type { Claim, Lease, LeaseResult, Look, Settlement } from "../verification-store.ts";

/** Where a payment is. The first row holds no lease, the second works under one, the third ends what was begun. */
export type Place =
  | ("look" | "verify" | "claim" | "wait" | "reconcile")
  | ("verifyAgain" | "serve" | "switch" | "settle" | "find" | "findRefused" | "read" | "serveOwed" | "keepOwed")
  | ("record" | "undeliver" | "release" | "expire" | "markUnknown" | "late" | "ended");

/** The input of one call of payOnce. */
export interface PayInput {
  readonly order: "serve-then-settle" | "settle-then-serve";
  /** 1 to 3,600,000. */
  readonly leaseMs: number;
  /** SHA-256 of the payload's name, as in `Look`. */
  readonly payload: string;
  /** Past its validity by this instance's clock. It only decides whether the record is read before the verification. */
  readonly pastValidity: boolean;
  readonly reference?: string | undefined;
  /** Unique to this call. Tokens are made from it by counting. */
  readonly seed: string;
}

/** Stands for an error that a step or the store threw. The runner keeps the error under this number. */
export type ErrorRef = number;

/** A lease with its end on the local monotonic clock, counted from before its call was sent. */
export interface HeldLease {
  readonly token: string;
  readonly fence: string;
  readonly attempt: number;
  readonly untilMs: number;
  readonly renewAtMs: number;
}

/** One call of the store. The runner adds the names, instants and texts that never change. */
export type StoreCall =
  | { readonly call: "peek" }
  | { readonly call: "claim" | "reconcile"; readonly token: string }
  | { readonly call: "renew"; readonly lease: Lease; readonly kept?: string }
  | { readonly call: "renewForSettlement"; readonly lease: Lease; readonly kept?: string }
  | { readonly call: "note"; readonly lease: Lease; readonly evidence: string }
  | { readonly call: "markUnknown"; readonly lease: Lease; readonly evidence?: string }
  | { readonly call: "release"; readonly lease: Lease; readonly refused: boolean }
  | { readonly call: "expire"; readonly lease: Lease; readonly reason: string }
  | {
      readonly call: "settle";
      readonly receipt: string;
      /** This lease goes on, so that its holder can serve. */
      readonly lease?: Lease;
      readonly deliver?: { readonly token: string; readonly kept?: string };
    }
  | { readonly call: "deliver"; readonly token: string; readonly kept?: string }
  | { readonly call: "undeliver"; readonly token: string };

/** One call of a seller's step or of the shared verification. `id` tells a late answer from the awaited one. */
export type StepCall =
  | { readonly step: "verify"; readonly id: number; readonly refusals: number }
  | { readonly step: "serve"; readonly id: number; readonly fence: string }
  | { readonly step: "settle"; readonly id: number; readonly fence: string }
  | {
      readonly step: "find";
      readonly id: number;
      readonly fence: string;
      readonly evidence?: string;
      readonly reference?: string;
    }
  | { readonly step: "read"; readonly id: number; readonly text: string };

/** The caller's answer. A fresh one comes with the result of this call's serve or read. `kept`: a text to be read. */
export type Answer =
  | { readonly status: "paid"; readonly fresh: true; readonly receipt: string }
  | { readonly status: "paid"; readonly fresh: false; readonly receipt: string; readonly kept?: string }
  | { readonly status: "rejected"; readonly reason: string }
  | { readonly status: "conflict" }
  | { readonly status: "pending"; readonly retryAfterMs: number };

export type PayEffect =
  | { readonly do: "store"; readonly call: StoreCall }
  | { readonly do: "step"; readonly call: StepCall }
  /** Aborts the running step's signal. Its answer may still come. */
  | { readonly do: "stop"; readonly id: number; readonly why: "lease" | "deadline" | "caller" }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "answer"; readonly answer: Answer }
  | { readonly do: "fail"; readonly error: ErrorRef }
  | { readonly do: "noted"; readonly ids: readonly number[]; readonly error?: ErrorRef | "lost" }
  | { readonly do: "report"; readonly event: PaymentMessage["event"]; readonly attempt: number };

/** The outcome of the shared verification. */
export type Verified =
  | { readonly status: "accepted" }
  | { readonly status: "rejected"; readonly reason: string; readonly used: boolean }
  | { readonly status: "mismatch" }
  | { readonly status: "pending"; readonly retryAfterMs: number };

export type SettleAnswer =
  | { readonly ok: true; readonly receipt: string }
  | { readonly ok: false; readonly reason: string; readonly used: boolean }
  | "unclear";

/** "unclear": outside the contract; it proves no more than a throw. */
export type FindAnswer = { readonly receipt: string } | { readonly none: "expired" | "void" } | "unknown" | "unclear";

export type PayEvent =
  /** The store's answer to the call under way. `sentAtMs`: taken before it was sent. */
  | { readonly on: "looked"; readonly reply: Look }
  | { readonly on: "claimed"; readonly reply: Claim; readonly sentAtMs: number }
  | { readonly on: "ended"; readonly reply: LeaseResult; readonly sentAtMs: number }
  | { readonly on: "recorded"; readonly reply: Settlement }
  | {
      readonly on: "failed";
      /** The store could not be reached: another try may help. */
      readonly unavailable: boolean;
      readonly mayHaveRun: boolean;
      readonly tooLarge: boolean;
      readonly error: ErrorRef;
    }
  /** A step's answer. */
  | { readonly on: "verified"; readonly id: number; readonly result: Verified }
  | { readonly on: "served"; readonly id: number; readonly kept?: string }
  | { readonly on: "settled"; readonly id: number; readonly answer: SettleAnswer }
  | { readonly on: "found"; readonly id: number; readonly answer: FindAnswer }
  | { readonly on: "read"; readonly id: number; readonly ok: boolean }
  | { readonly on: "threw"; readonly id: number; readonly error: ErrorRef }
  /** From within settle: evidence to keep. */
  | { readonly on: "note"; readonly id: number; readonly noteId: number; readonly evidence: string }
  | { readonly on: "waited" }
  | { readonly on: "aborted" }
  /** Any instant may be sent. `wakeAtMs` gives the next one that matters. */
  | { readonly on: "time" };

/** The evidence of settle. It is sent again until the store has it; waiting notes end with the first answer. */
export interface Evidence {
  readonly text: string;
  readonly saved: boolean;
  readonly retryAtMs: number;
  readonly waiters: readonly number[];
}

/** What follows once a place has ended something. */
export type After = Answer | { readonly fail: ErrorRef } | "again" | "nothing";

export interface PayState {
  readonly input: PayInput;
  readonly at: Place;
  readonly startedAtMs: number;
  /** Until when a duplicate waits for another caller's result. */
  readonly waitUntilMs?: number | undefined;
  /** How often the lease was lost or the record had changed. */
  readonly attempts: number;
  readonly tokens: number;
  readonly steps: number;
  /** "left": aborted. "told": has its answer. */
  readonly caller: "waiting" | "left" | "told";
  /** The count of refusals under which this caller knows its payload to be accepted. */
  readonly verified?: number | undefined;
  /** The record's count of refusals. */
  readonly refusals: number;
  readonly rejection?: { readonly reason: string; readonly used: boolean } | undefined;
  /** The answer where the payload could not be verified, unless the record is bound to it. */
  readonly unverified?: After | undefined;
  readonly lease?: HeldLease | undefined;
  readonly leaseLost: boolean;
  /** The store call under way, and the one queued behind it. */
  readonly calling?: StoreCall | undefined;
  readonly queued?: StoreCall | undefined;
  readonly resent: boolean;
  /** A failed call, and when it is made again. */
  readonly retry?: { readonly call: StoreCall; readonly atMs: number; readonly backoffMs: number } | undefined;
  readonly giveUpAtMs?: number | undefined;
  readonly step?: { readonly id: number; readonly kind: StepCall["step"]; readonly deadlineMs?: number } | undefined;
  /** The id of a settle that was given up and may still answer. */
  readonly late?: number | undefined;
  readonly lateAnswer?: SettleAnswer | undefined;
  readonly evidence?: Evidence | undefined;
  /** What reconcile found on record. */
  readonly found?: { readonly evidence?: string; readonly reference?: string } | undefined;
  /** Served in this attempt. `kept` where the result can be kept, `saved` where it is. */
  readonly made?: { readonly kept?: string; readonly saved?: true } | undefined;
  /** The kept text of an owed payment. */
  readonly kept?: string | undefined;
  readonly receipt?: string | undefined;
  readonly receiptSaved: boolean;
  /** The token of the wanted delivery. */
  readonly delivery?: string | undefined;
  /** The delivery was sent, and may have run without an answer. */
  readonly maybeDelivered?: boolean | undefined;
  readonly refusal?: { readonly reason: string; readonly used: boolean } | undefined;
  readonly reason?: string | undefined;
  readonly after: After;
}

export interface PayMoved {
  readonly state: PayState;
  readonly effects: readonly PayEffect[];
}
