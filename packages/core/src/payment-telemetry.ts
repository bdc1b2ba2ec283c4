// Messages on `node:diagnostics_channel` about payments: one for each that an operator should know of, and for each call of
// payOnce one when it begins and one when it has ended. Almost free without a subscriber.
import { channel } from "node:diagnostics_channel";
import type { StoreErrorCode } from "./errors.ts";

/**
 * The name of the channel for payments: `diagnostics_channel.subscribe(paymentChannel, (message) => ...)`. A subscriber must not throw:
 * Node makes an uncaughtException of it.
 */
export const paymentChannel = "tollbooth-stores:payment";

/** A payment that did not simply go through. Holds no key, payload, receipt or result. */
export interface PaymentMessage {
  /**
   * - "pending": the caller was told to ask again.
   * - "in-doubt": money may have moved. Told by the attempt that leaves it so, and by each caller that cannot find out.
   * - "owed": settled, not delivered.
   * - "expired": it never settled and never will.
   * - "recovered": a settlement by an attempt that died was found.
   * - "receipt-cut": the receipt was too large for the store; its SHA-256 was recorded.
   * - "unreadable": `unresolved()` met a record that cannot be read.
   *
   * Alarms:
   * - "receipt-after-expiry": the payment settled although it was said that it never would.
   * - "delivery-unheard": a recorded delivery did not reach its caller, and the store could not be reached to take it
   *   back. The next caller gets the kept result; where none was kept, only a receipt.
   * - "second-receipt": another receipt than the recorded one came in. The payment may have been paid twice.
   */
  event:
    | "pending"
    | "in-doubt"
    | "owed"
    | "expired"
    | "recovered"
    | "receipt-cut"
    | "receipt-after-expiry"
    | "delivery-unheard"
    | "second-receipt"
    | "unreadable";
  /** Names the payment, for `resolvePayment` and the store's calls. */
  handle: string;
  /** The attempt of the lease that was held; 0 where none was. */
  attempt: number;
}

const payments = channel(paymentChannel);

export function publishPayment(message: PaymentMessage): void {
  if (payments.hasSubscribers) payments.publish(message);
}

/** The name of the channel for payOnce's calls: `diagnostics_channel.subscribe(answerChannel, (message) => ...)`, which must not throw. */
export const answerChannel = "tollbooth-stores:answer";

/** How one call of `payOnce` ended. Published in the caller's async context. Holds no key, payload, reason or receipt. */
export interface AnswerMessage {
  /**
   * - "paid": settled and handed to this caller. At most one call for each payment.
   * - "kept": a replay, answered with the kept result.
   * - "delivered": a replay, refused: it was delivered before, and no result is kept.
   * - "conflict": a replay, refused: the payment belongs to another purchase, payload or collector.
   * - "rejected": it is no good payment, or ended without a settlement.
   * - "pending": the caller was told to ask again.
   * - "left": the caller's signal aborted.
   * - "error": it threw, and `errorCode` says what.
   */
  outcome: "paid" | "kept" | "delivered" | "conflict" | "rejected" | "pending" | "left" | "error";
  /** Names the payment, as in `PaymentMessage`. */
  handle: string;
  /** The attempt of the last lease that this call held; 0 where it held none. */
  attempt: number;
  /** Verification, serving and settlement included. */
  durationMs: number;
  /** Only with "error": a StoreError's code; else "OTHER", e.g. for what `serve` threw. */
  errorCode?: StoreErrorCode | "OTHER";
}

/** The name of the channel for calls of payOnce that begin. `answerChannel` tells how each ended. */
export const payOnceChannel = "tollbooth-stores:pay-once";

/**
 * A call of `payOnce` has begun. An AsyncLocalStorage that is bound to the channel (`channel(payOnceChannel).bindStore`) keeps its value
 * for all of that call: its store calls, its events and its `AnswerMessage`. Holds no key and no payload.
 */
export interface PayOnceMessage {
  /** Names the payment, as in `PaymentMessage`. */
  handle: string;
}

const calls = channel(payOnceChannel);
const answers = channel(answerChannel);

/** Whether payOnce's calls are reported at all. */
export function areAnswersObserved(): boolean {
  return answers.hasSubscribers || calls.hasSubscribers;
}

/** Tells that a call has begun, and runs it with the values that are bound to the channel. */
export function runCall<R>(message: PayOnceMessage, run: () => Promise<R>): Promise<R> {
  return calls.runStores(message, run);
}

export function publishAnswer(message: AnswerMessage): void {
  if (answers.hasSubscribers) answers.publish(message);
}
