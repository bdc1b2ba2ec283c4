// Checks the answers of the seller's steps: programs without types may answer anything.
import type { FindAnswer, SettleAnswer } from "./pay-machine/state.ts";

type Fields = Partial<Record<"ok" | "receipt" | "reason" | "used" | "none", unknown>>;
const fieldsOf = (answer: unknown): Fields => (typeof answer === "object" && answer !== null ? answer : {});

/**
 * A success needs ok: true and a receipt; a refusal needs ok: false, a reason and no receipt. Anything else is unclear.
 */
export function settleAnswer(answer: unknown): SettleAnswer {
  const { ok, receipt, reason, used = false } = fieldsOf(answer);
  if (ok === true && typeof receipt === "string" && receipt !== "") return { ok, receipt: receipt.toWellFormed() };
  const refused = ok === false && receipt === undefined && typeof reason === "string";
  return refused && typeof used === "boolean" ? { ok, reason, used } : "unclear";
}

/** "unknown" only where the answer says so. An answer that is not clear is "unclear". */
export function findAnswer(answer: unknown): FindAnswer {
  if (answer === "unknown") return answer;
  const { receipt, none } = fieldsOf(answer);
  if (receipt === undefined) return none === "expired" || none === "void" ? { none } : "unclear";
  const clear = typeof receipt === "string" && receipt !== "" && none === undefined;
  return clear ? { receipt: receipt.toWellFormed() } : "unclear";
}
