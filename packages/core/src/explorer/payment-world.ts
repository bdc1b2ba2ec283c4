// The payment machine's world: callers, an operator, the store with its two records, a ledger, a clock.
import type { StoredRecord } from "../atomic-port.ts";
import type { claim, reconcile } from "../verification/claim.ts";
import type { markUnknown, release } from "../verification/end.ts";
import type { note, renew } from "../verification/hold.ts";
import type { next, startPayment } from "../verification/pay-machine/next.ts";
import type {
  Answer,
  ErrorRef,
  PayEvent,
  PayInput,
  PayState,
  StepCall,
  StoreCall,
} from "../verification/pay-machine/state.ts";
import type { look } from "../verification/peek.ts";
import type { deliver, expire, settle, undeliver } from "../verification/settle.ts";
import type { Lease } from "../verification/verification-store.ts";
import type { Budgets } from "./world.ts";

/** The transitions under test. A test may replace some by wrong ones. */
export interface PaymentTransitions {
  readonly claim: typeof claim;
  readonly reconcile: typeof reconcile;
  readonly renew: typeof renew;
  readonly note: typeof note;
  readonly release: typeof release;
  readonly markUnknown: typeof markUnknown;
  readonly settle: typeof settle;
  readonly deliver: typeof deliver;
  readonly undeliver: typeof undeliver;
  readonly expire: typeof expire;
  readonly look: typeof look;
}

/** What one caller presents. Names are plain text, because only equality matters. */
export interface Presented {
  readonly order: PayInput["order"];
  readonly fingerprint: string;
  readonly payload: string;
  readonly collector?: string;
  readonly pastValidity?: boolean;
}

export interface PaymentRules {
  readonly callers: readonly Presented[];
  readonly operator: boolean;
  /** What an earlier caller left when it died. "owed": nothing was kept. */
  readonly found: "nothing" | "refused" | "in doubt" | "owed";
  /** Whether the clock also stops where a lease is renewed. */
  readonly renews: boolean;
  /** Whether a served result can be kept: always, never, or both are explored. */
  readonly keeps: "always" | "never" | "sometimes";
  /** Whether settle notes evidence before it sends, and stops where the note is refused. */
  readonly notes: boolean;
  /** A text too large for the store. */
  readonly tooLarge: "nothing" | "kept" | "receipt";
  /** Whether findSettlement may settle the same authorization again. The ledger takes it once. */
  readonly idempotent: boolean;
  /** The faults that are explored. */
  readonly faults: readonly Fault[];
  readonly next: typeof next;
  readonly start: typeof startPayment;
  readonly on: PaymentTransitions;
}

/** Each costs one of the budget's faults. */
export type Fault =
  /** A caller leaves. */
  | "abort"
  /** A call is applied. Its reply comes at any later time, or never: then the caller gets an error. */
  | "slow"
  /** A call fails and is not applied. */
  | "fail"
  /** The caller gets an error. The call is applied at any later time, or never. */
  | "delay"
  /** A call arrives once more at any later time, or never. */
  | "twice"
  /** The store cannot be reached until it is back: each call fails. */
  | "away"
  /** A step of the seller throws, answers unclearly or untruly, or cannot tell. */
  | "seller"
  /** The verifier rejects, or cannot tell. */
  | "verifier"
  /** The store's clock is set back by a lease. */
  | "back";

/** A call of the store, by a caller or the operator. */
export type ExplorerCall =
  | StoreCall
  | { readonly call: "resolveReceipt" }
  | { readonly call: "resolveNone" }
  | { readonly call: "resolveDelivered" }
  | { readonly call: "operatorExpire"; readonly lease: Lease };

export interface Sent {
  readonly actor: number;
  readonly call: ExplorerCall;
}

/** A call under way. `reply`: it was applied, and its answer is slow. */
export interface Calling {
  readonly call: StoreCall;
  readonly sentAtMs: number;
  readonly reply?: PayEvent;
}

/** A running settle, even after it was told to stop. */
export interface Settling {
  readonly id: number;
  /**
   * "asked": nothing was sent. "noting": its evidence is on its way. "noted": the evidence is kept. "refused": it must
   * stop.
   */
  readonly phase: "asked" | "noting" | "noted" | "refused" | "sent";
  readonly stopped: boolean;
  /** The transfer that it sent. */
  readonly transfer?: number;
}

/** One call of payOnce. */
export interface Caller {
  readonly machine: PayState;
  readonly calling?: Calling | undefined;
  /** The running step, except settle. */
  readonly step?: StepCall | undefined;
  readonly settling?: Settling | undefined;
  /** The count of refusals when its payload was last accepted. */
  readonly accepted?: number;
  readonly waiting: boolean;
  readonly left: boolean;
  readonly told?: Answer | { readonly status: "failed"; readonly error: ErrorRef };
  /** No transfer was under way or done when its last call was applied. */
  readonly clear?: boolean;
  /** How often its receipt or delivery could not be recorded. 2: it may have given up. */
  readonly failures: number;
  /** Its settle answered with a receipt. */
  readonly gotReceipt: boolean;
  /** Its settle answered with a false refusal. Its findSettlement knows better. */
  readonly lied: boolean;
}

/** The operator's state. It acts once. */
export type Operator =
  | { readonly at: "idle" | "done" }
  | { readonly at: "finding"; readonly lease: Lease; readonly untilMs: number }
  | { readonly at: "found"; readonly lease: Lease; readonly answer: "receipt" | "none" | "unknown" };

/** The latest transfer. A dropped one can never land. */
export interface Transfer {
  readonly id: number;
  readonly state: "none" | "flying" | "landed" | "dropped";
}

export interface PaymentWorld {
  /** The callers' monotonic clock. */
  readonly nowMs: number;
  /** How far the store's clock was set back. */
  readonly backMs: number;
  readonly record: StoredRecord | null;
  readonly kept: StoredRecord | null;
  readonly callers: readonly Caller[];
  readonly operator: Operator;
  readonly transfer: Transfer;
  /** Calls that may still be applied, once or never. */
  readonly strays: readonly Sent[];
  readonly away: boolean;
  readonly left: Budgets;
  /** How many callers were told fresh. */
  readonly fresh: number;
  /** An operator handed over the result. */
  readonly handedOver: boolean;
  /** A caller or the operator said that it never settled and never will. */
  readonly none: boolean;
  readonly broken: string | null;
}

/**
 * Long enough for two renewals, and short enough that most instants coincide: all waits of the machine are multiples of
 * 50.
 */
export const leaseMs = 150;
export const startMs = 1_000;
export const validUntilMs = 3_600_000;
export const receipt = "receipt";
export const keptText = "kept";
export const evidence = "evidence";

export function withCaller(world: PaymentWorld, index: number, change: Partial<Caller>): PaymentWorld {
  const caller = callerAt(world, index);
  return { ...world, callers: world.callers.with(index, { ...caller, ...change }) };
}

export function callerAt({ callers }: PaymentWorld, index: number): Caller {
  const caller = callers[index];
  if (caller === undefined) throw new RangeError(`There is no caller ${index}.`);
  return caller;
}

/** The store's clock. */
export const storeMs = ({ nowMs, backMs }: PaymentWorld): number => nowMs - backMs;

/** Only the first violation is reported. */
export function breaks(world: PaymentWorld, message: string): PaymentWorld {
  return world.broken === null ? { ...world, broken: message } : world;
}

/** A transfer has landed, or may still land. */
export function mayHaveMoved({ transfer }: PaymentWorld): boolean {
  return transfer.state === "flying" || transfer.state === "landed";
}

export const nameOf = (actor: number): string => (actor < 0 ? "operator" : "ABCD".charAt(actor));
