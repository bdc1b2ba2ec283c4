// What the three algorithms have in common: a few pure functions over plain state, which every operation is made of.
import { invalidArgument } from "../errors.ts";
import type { Limit } from "./policy.ts";

/**
 * One algorithm over its own state `S`, plain data that survives JSON. All functions are pure. Only integers below
 * 2^53 occur, and divisions are one `floor` or `ceil` of such integers, so any language with doubles computes the same.
 *
 * `cost` is always at most `limit.capacity`, and the capacity above 0, except where a function says otherwise.
 */
export interface Algorithm<S> {
  /** Two letters that stand for the algorithm in keys and receipts. */
  readonly tag: string;
  /**
   * The state as of `nowMs`. Where nothing is stored (undefined), where it is over, or where it lies so far ahead that
   * the clock must have stepped back: that of a client never seen. Throws STORE_CORRUPT. Any capacity.
   */
  read(stored: unknown, limit: Limit, nowMs: number): S;
  /** The balance: at most the capacity, negative in debt. A cost fits exactly when it is not above it. Any capacity. */
  remaining(state: S, limit: Limit, nowMs: number): number;
  /** The state after taking `cost`, whether it fits or not. */
  take(state: S, limit: Limit, cost: number, nowMs: number): S;
  /** For a cost that does not fit: the milliseconds until it does, to the millisecond. */
  waitMs(state: S, limit: Limit, cost: number, nowMs: number): number;
  /** Milliseconds until the state is that of a client never seen; 0 if it is. `nowMs` plus this is its end. Any capacity. */
  resetMs(state: S, limit: Limit, nowMs: number): number;
  /** What to remember of a cost just taken; `after` is the state it left. */
  receiptOf(after: S, limit: Limit, taken: number): Receipt;
  /** Gives back what is left of a receipt; the same state where nothing is. Any capacity. */
  giveBack(state: S, receipt: Receipt, nowMs: number): S;
}

/** What was taken, in the algorithm's own unit, and the mark by which its window is known again. */
export interface Receipt {
  readonly amount: number;
  readonly mark: number;
}

/** A receipt as callers get it: `fw:2:1767225660000`. */
export function formatReceipt(tag: string, receipt: Receipt): string {
  return `${tag}:${receipt.amount}:${receipt.mark}`;
}

/** Throws STORE_INVALID_ARGUMENT unless `text` is a receipt of the algorithm that `tag` names. */
export function parseReceipt(tag: string, text: unknown): Receipt {
  const match = typeof text === "string" ? /^([a-z]{2}):(\d{1,16}):(\d{1,16})$/.exec(text) : null;
  const amount = Number(match?.[2]);
  const mark = Number(match?.[3]);
  if (match?.[1] !== tag || !Number.isSafeInteger(amount) || !Number.isSafeInteger(mark)) {
    throw invalidArgument(
      "receipt is none of this policy's; pass the receipt of a decision with the same algorithm, unchanged.",
    );
  }
  return { amount, mark };
}

/** Whether `value` is a count, an instant or an index: a safe integer >= 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && typeof value === "number" && value >= 0;
}
