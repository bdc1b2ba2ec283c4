// The shape of the three algorithms: a few pure functions over plain state, from which every operation is made.
import { invalidArgument } from "../errors.ts";
import type { Limit } from "./policy.ts";

/**
 * One algorithm over its own state `S`, plain data that survives JSON. All functions are pure. Only integers below 2^53
 * occur, and divisions are one `floor` or `ceil` of such integers, so any language with doubles computes the same.
 *
 * `cost` is at most `limit.capacity`, and the capacity is above 0, except where a function says otherwise.
 */
export interface Algorithm<S> {
  /** Two letters that stand for the algorithm in keys and receipts. */
  readonly tag: string;
  /**
   * The state as of `nowMs`. It is that of a client never seen where nothing is stored (undefined) or the stored state
   * is over. Where it lies so far ahead that the clock must have stepped back, it is clamped: everything taken still
   * counts, but ends within two windows of now (a token bucket's within the refill of a full debt). Throws
   * STORE_CORRUPT. Any capacity.
   */
  read(stored: unknown, limit: Limit, nowMs: number): S;
  /** Whether `read` clamps the stored state. A call that takes nothing then writes what it read. Any capacity. */
  clamps(stored: unknown, limit: Limit, nowMs: number): boolean;
  /**
   * The balance: at most the capacity, negative in debt. A cost fits exactly when the balance is not below it. Any
   * capacity.
   */
  remaining(state: S, limit: Limit, nowMs: number): number;
  /** The state after taking `cost`, whether it fits or not. */
  take(state: S, limit: Limit, cost: number, nowMs: number): S;
  /** For a cost that does not fit: the milliseconds until it does, to the millisecond. */
  waitMs(state: S, limit: Limit, cost: number, nowMs: number): number;
  /**
   * Milliseconds until the state is that of a client never seen; 0 if it is. `nowMs` plus this is its end. Any
   * capacity.
   */
  resetMs(state: S, limit: Limit, nowMs: number): number;
  /** The receipt of a cost just taken; `after` is the state that it left. */
  receiptOf(after: S, limit: Limit, taken: number): Receipt;
  /** Gives back the rest of a receipt. Returns the same state where nothing is left. Any capacity. */
  giveBack(state: S, receipt: Receipt, nowMs: number): S;
}

/** The amount taken, in the algorithm's own unit, and the mark that identifies its window. */
export interface Receipt {
  readonly amount: number;
  readonly mark: number;
}

/** A mark is written as two numbers below 2^31, which takes an engine a fraction of the time. */
const lowerPart = 100_000_000;

/** The beginning that receipts of one time have in common; the last one is remembered. */
let beginning = { tag: "", amount: 0, high: 0, text: "" };

/** A receipt in the form that callers get: `fw:2:1767225660000`. */
export function formatReceipt(tag: string, { amount, mark }: Receipt): string {
  const high = Math.floor(mark / lowerPart);
  if (beginning.high !== high || beginning.amount !== amount || beginning.tag !== tag) {
    beginning = { tag, amount, high, text: `${tag}:${amount}:${high === 0 ? "" : high}` };
  }
  const low = mark - high * lowerPart;
  const hasAllDigits = high === 0 || low >= lowerPart / 10;
  return beginning.text + (hasAllDigits ? low : `${low + lowerPart}`.slice(1));
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
