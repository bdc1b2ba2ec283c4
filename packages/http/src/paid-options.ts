// How a framework's paid() treats requests before its gate answers them.
import { type Answer, problem } from "./answer.ts";
import type { PaidGate, RequestContext } from "./paid-gate.ts";

export interface PaidOptions {
  /** In bytes, default 1,048,576. A larger request body is 413, and nothing is asked. */
  maxBodyBytes?: number | undefined;
  /**
   * In bytes, default 67,108,864 (64 MiB). The whole answer is held in memory until it is paid for, so a larger one is the handler's
   * error, a RangeError, and is not charged. Behind a gate that settles first the payment stays owed.
   */
  maxAnswerBytes?: number | undefined;
  /**
   * A request that the gate has no route for. "pass": the next handler answers, for nothing. "refuse": 404, so that a handler whose
   * route is spelt otherwise in the gate, or has another method there, gives nothing away.
   */
  unsold?: "pass" | "refuse" | undefined;
}

/** "ask": the gate answers. "pass": the next handler does. Decided before a body is read. */
export function beforeGate(
  gate: PaidGate,
  context: RequestContext,
  unsold: "pass" | "refuse",
): "ask" | "pass" | Answer {
  if (gate.sells === undefined || gate.sells(context)) return "ask";
  if (unsold === "pass") return "pass";
  return problem(404, "not_sold", "paid() stands before this, and its gate has no route for the request.");
}
