// A request that meets paid() more than once: the first one sells it.
import type { PaidGate, RequestContext } from "./paid-gate.ts";

/**
 * Whether the handlers make an answer for this gate already, so that its second paid() lets the request go on. Throws a TypeError
 * where another gate sells the request too: one payment buys one answer. `seller`: the gate that the handlers make an answer for.
 */
export function isSoldAlready(gate: PaidGate, context: RequestContext, seller: PaidGate | undefined): boolean {
  if (seller === undefined || seller === gate) return seller === gate;
  if (gate.sells?.(context) !== true) return false;
  throw new TypeError("Two gates sell this request. Put one paid() before its handler, or give both the same gate.");
}
