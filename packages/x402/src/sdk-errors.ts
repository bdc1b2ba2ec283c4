// Errors of the SDK's facilitator client: which of them are answers, and which say nothing.
import type { SettleResponse, VerifyResponse } from "@x402/core/types";
import { caip2 } from "./caip-2.ts";

/** Statuses below 500 that speak of the connection or of the seller's own account, not of the payment. */
const ofTheSeller = new Set([401, 403, 407, 408, 425, 429]);

/** A rejection that came with a status. Undefined: the payment was not judged, so the next answer may differ. */
export function errorOfVerify(error: unknown): VerifyResponse | undefined {
  const { invalidReason } = fieldsOf(error, "VerifyError");
  if (!speaksOfPayment(error) || typeof invalidReason !== "string") return undefined;
  return { isValid: false, invalidReason };
}

/** A refusal that came with a status. Undefined: whether the payment settled was not said. */
export function errorOfSettle(error: unknown): SettleResponse | undefined {
  const { errorReason, transaction = "", network = "" } = fieldsOf(error, "SettleError");
  if (!speaksOfPayment(error) || typeof errorReason !== "string" || typeof transaction !== "string") return undefined;
  return { success: false, network: caip2(String(network)), transaction, errorReason };
}

function speaksOfPayment(error: unknown): boolean {
  const { statusCode } = Object(error);
  return typeof statusCode === "number" && statusCode >= 400 && statusCode < 500 && !ofTheSeller.has(statusCode);
}

/** By its name: an application may have several copies of the SDK, so `instanceof` would miss. */
function fieldsOf(error: unknown, name: string): Readonly<Record<string, unknown>> {
  return error instanceof Error && error.name === name ? { ...error } : {};
}
