// What the seller's steps answer, checked: programs without types may answer anything.
import type { FindAnswer, SettleAnswer } from "./pay-machine/state.ts";

type Fields = Partial<Record<"ok" | "receipt" | "reason" | "used" | "none", unknown>>;
const fieldsOf = (answer: unknown): Fields => (typeof answer === "object" && answer !== null ? answer : {});

/** Only a clear yes with a receipt is one, only a clear no with a reason the other. */
export function settleAnswer(answer: unknown): SettleAnswer {
  const { ok, receipt, reason, used } = fieldsOf(answer);
  if (ok === true && typeof receipt === "string" && receipt !== "") return { ok, receipt: receipt.toWellFormed() };
  const clearlyUsed = used === undefined || typeof used === "boolean";
  if (ok === false && typeof reason === "string" && clearlyUsed) return { ok, reason, used: used === true };
  return "unclear";
}

/** Whatever is not clear is unknown. */
export function findAnswer(answer: unknown): FindAnswer {
  const { receipt, none } = fieldsOf(answer);
  if (none === undefined) {
    return typeof receipt === "string" && receipt !== "" ? { receipt: receipt.toWellFormed() } : "unknown";
  }
  return receipt === undefined && (none === "expired" || none === "void") ? { none } : "unknown";
}
