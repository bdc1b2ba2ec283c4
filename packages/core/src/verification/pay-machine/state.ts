// What the payment machine knows, hears and asks for: plain data throughout, so that the explorer can run it.
import type { PaymentMessage } from "../../telemetry.ts";
import type { Claim, Ended, Lease, Look, Settlement } from "../verification-store.ts";

/** Where a payment is. The first row holds no lease; the second works under one; the third ends what was begun. */
export type Place =
  | ("look" | "verify" | "claim" | "wait" | "reconcile")
  | ("verifyAgain" | "serve" | "switch" | "settle" | "find" | "findRefused" | "read" | "serveOwed" | "keepOwed")
  | ("record" | "undeliver" | "release" | "expire" | "markUnknown" | "late" | "ended");

/** What one call of payOnce is about. */
export interface PayInput {
  readonly order: "serve-then-settle" | "settle-then-serve";
  /** 1 to 3,600,000. */
  readonly leaseMs: number;
  /** SHA-256 of the payload's name, as `Look` tells it. */
  readonly payload: string;
  /** Past its validity by this instance's clock. It only decides what is asked first. */
  readonly pastValidity: boolean;
  readonly reference?: string | undefined;
  /** Unique to this call; tokens are made of it by counting. */
  readonly seed: string;
}

/** An error that a step or the store threw; the runner keeps the error itself under this number. */
export type ErrorRef = number;

/** A lease with its end on the local monotonic clock, counted from before its call was sent. */
export interface HeldLease {
  readonly token: string;
  readonly fence: string;
  readonly attempt: number;
  readonly untilMs: number;
  readonly renewAtMs: number;
}

/** One call of the store. The runner adds names, instants and texts that never change. */
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
      /** Goes on, so that its holder can serve. */
      readonly lease?: Lease;
      readonly deliver?: { readonly token: string; readonly kept?: string };
    }
  | { readonly call: "deliver"; readonly token: string; readonly kept?: string }
  | { readonly call: "undeliver"; readonly token: string };

/** What the seller, or the shared verification, is asked to do. `id` tells a late answer from the one waited for. */
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

/** What the caller is told; a fresh one gets the result of this call's serve, or of its read. `kept`: a text to be read. */
export type Answer =
  | { readonly status: "paid"; readonly fresh: true; readonly receipt: string }
  | { readonly status: "paid"; readonly fresh: false; readonly receipt: string; readonly kept?: string }
  | { readonly status: "rejected"; readonly reason: string }
  | { readonly status: "conflict" }
  | { readonly status: "pending"; readonly retryAfterMs: number };

export type PayEffect =
  | { readonly do: "store"; readonly call: StoreCall }
  | { readonly do: "step"; readonly call: StepCall }
  /** Aborts the signal of the step that is running; its answer may still come. */
  | { readonly do: "stop"; readonly id: number; readonly why: "lease" | "deadline" | "caller" }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "answer"; readonly answer: Answer }
  | { readonly do: "fail"; readonly error: ErrorRef }
  | { readonly do: "noted"; readonly ids: readonly number[]; readonly error?: ErrorRef | "lost" }
  | { readonly do: "report"; readonly event: PaymentMessage["event"]; readonly attempt: number };

/** How the shared verification ended. */
export type Verified =
  | { readonly status: "accepted" }
  | { readonly status: "rejected"; readonly reason: string; readonly used: boolean }
  | { readonly status: "mismatch" }
  | { readonly status: "pending"; readonly retryAfterMs: number };

export type SettleAnswer =
  | { readonly ok: true; readonly receipt: string }
  | { readonly ok: false; readonly reason: string; readonly used: boolean }
  | "unclear";

/** "unclear": nothing that the contract knows; it proves no more than a throw. */
export type FindAnswer = { readonly receipt: string } | { readonly none: "expired" | "void" } | "unknown" | "unclear";

export type PayEvent =
  /** The store's answer to the call that is outstanding. `sentAtMs`: from before it was sent. */
  | { readonly on: "looked"; readonly reply: Look }
  | { readonly on: "claimed"; readonly reply: Claim; readonly sentAtMs: number }
  | { readonly on: "ended"; readonly reply: Ended; readonly sentAtMs: number }
  | { readonly on: "recorded"; readonly reply: Settlement }
  | {
      readonly on: "failed";
      /** The store was out of reach: another try may help. */
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
  /** From within settle: evidence to be kept. */
  | { readonly on: "note"; readonly id: number; readonly noteId: number; readonly evidence: string }
  | { readonly on: "waited" }
  | { readonly on: "aborted" }
  /** Any instant may be told; `wakeAtMs` says which one matters next. */
  | { readonly on: "time" };

/** What settle noted. It is noted again until the store has it, and its notes wait for the first answer. */
export interface Evidence {
  readonly text: string;
  readonly saved: boolean;
  readonly retryAtMs: number;
  readonly waiters: readonly number[];
}

/** What happens once a place that ends something is done. */
export type After = Answer | { readonly fail: ErrorRef } | "again" | "nothing";

export interface PayState {
  readonly input: PayInput;
  readonly at: Place;
  readonly startedAtMs: number;
  /** A duplicate waits so long for another's result. */
  readonly waitUntilMs?: number | undefined;
  /** Attempts whose lease was lost, or whose payment became free again. */
  readonly attempts: number;
  readonly tokens: number;
  readonly steps: number;
  /** "left": aborted. "told": has its answer. */
  readonly caller: "waiting" | "left" | "told";
  /** The number of refusals under which this caller knows its payload to be accepted. */
  readonly verified?: number | undefined;
  /** The number of refusals that the record counts. */
  readonly refusals: number;
  readonly rejection?: { readonly reason: string; readonly used: boolean } | undefined;
  readonly lease?: HeldLease | undefined;
  readonly leaseLost: boolean;
  /** The store call under way, and the one that waits for it. */
  readonly calling?: StoreCall | undefined;
  readonly queued?: StoreCall | undefined;
  readonly resent: boolean;
  /** A call that failed is made again then. */
  readonly retry?: { readonly call: StoreCall; readonly atMs: number; readonly backoffMs: number } | undefined;
  readonly giveUpAtMs?: number | undefined;
  readonly step?: { readonly id: number; readonly kind: StepCall["step"]; readonly deadlineMs?: number } | undefined;
  /** A settle that was given up and may still answer. */
  readonly late?: number | undefined;
  readonly lateAnswer?: SettleAnswer | undefined;
  readonly evidence?: Evidence | undefined;
  /** What reconcile found on record. */
  readonly found?: { readonly evidence?: string; readonly reference?: string } | undefined;
  /** It was served in this attempt; `kept` where that can be kept, `saved` where it is. */
  readonly made?: { readonly kept?: string; readonly saved?: true } | undefined;
  /** A kept text to be read, of a payment that is owed. */
  readonly kept?: string | undefined;
  readonly receipt?: string | undefined;
  readonly receiptSaved: boolean;
  /** The delivery that is wanted. */
  readonly delivery?: string | undefined;
  /** It was sent, and may have taken effect unheard. */
  readonly maybeDelivered?: boolean | undefined;
  readonly refusal?: { readonly reason: string; readonly used: boolean } | undefined;
  readonly reason?: string | undefined;
  readonly after: After;
}

export interface PayMoved {
  readonly state: PayState;
  readonly effects: readonly PayEffect[];
}
