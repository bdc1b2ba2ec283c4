// Runs the seller's handler for payOnce: once in a call, within its time, and sold only where it succeeds.
import type { StepContext } from "@tollbooth-stores/core";
import type { Answer, PaymentInHand, Serve } from "@tollbooth-stores/http";
import { within } from "./within.ts";

/** The handler answered with 400 or above: not sold. */
export class NotSold extends Error {
  override name = "NotSold";
  readonly answer: Answer;

  constructor(answer: Answer) {
    super("The handler's status says that it did not succeed.");
    this.answer = answer;
  }
}

/** The handler took longer than `handlerTimeoutMs`. */
export class HandlerTimeout extends Error {
  override name = "HandlerTimeout";
}

/** The lease was lost while the handler ran. A framework's handler cannot run twice for one request. */
export class AlreadyRan extends Error {
  override name = "AlreadyRan";
}

/** Carries what the handler threw, so that it is not taken for a failure of the gate's own store. */
export class HandlerThrew extends Error {
  override name = "HandlerThrew";
}

export interface HandlerRun {
  serve(step: StepContext): Promise<Answer>;
  /** What the handler made, here and now. */
  made(): Answer | undefined;
  /** What ended it without an answer that is sold. */
  failed(): { error: unknown } | undefined;
}

export function handlerRun(
  serve: Serve,
  payment: Pick<PaymentInHand, "key" | "payer" | "settled">,
  timeoutMs: number | undefined,
): HandlerRun {
  let started = false;
  let made: Answer | undefined;
  let failed: { error: unknown } | undefined;

  const run = async (step: StepContext): Promise<Answer> => {
    if (started) throw new AlreadyRan("The lease was lost while the handler ran.");
    started = true;
    const make = (signal: AbortSignal) => serve({ ...payment, fence: step.fence, signal });
    const late = () => new HandlerTimeout("The handler took longer than handlerTimeoutMs.");
    const answer = await (timeoutMs === undefined ? make(step.signal) : within(timeoutMs, step.signal, late, make));
    if (answer.status >= 400) throw new NotSold(answer);
    return answer;
  };
  return {
    async serve(step) {
      try {
        made = await run(step);
        return made;
      } catch (error) {
        failed = { error };
        throw error;
      }
    },
    made: () => made,
    failed: () => failed,
  };
}
