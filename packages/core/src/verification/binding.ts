// What a payment's record is bound to, and which calls are for another: fingerprint, payload and collector.
import type { PaymentBody, VerificationBody } from "./verification-record.ts";
import type { PaymentClaim } from "./verification-store.ts";

/** What a call is for. All hashed. */
interface Named {
  fingerprint?: string | undefined;
  payment?: PaymentClaim | undefined;
}

/** Whether a claim is for something else than the record, or by another than may collect it. */
export function isOther(body: VerificationBody, { fingerprint, payment }: Named): boolean {
  if (body.fingerprint !== "" && body.fingerprint !== fingerprint) return true;
  const { collector, payload = "" } = body.payment ?? {};
  if (collector !== undefined && collector !== payment?.collector) return true;
  const paid = body.state === "settled" || body.state === "delivered";
  return paid && payload !== "" && payment !== undefined && payload !== payment.payload;
}

/** Whether a receipt is said to be for something else than the record, or for another payer. What it does not say, fits. */
export function isForeign(body: VerificationBody, { fingerprint = "", payment }: Named): boolean {
  if (fingerprint !== "" && body.fingerprint !== "" && body.fingerprint !== fingerprint) return true;
  const [recorded, said] = [body.payment?.collector, payment?.collector];
  return recorded !== undefined && said !== undefined && recorded !== said;
}

/** A payment's fields. What binds them binds payload and collector together: a later claim adds no collector. */
export function boundTo(claimed: PaymentClaim | undefined, before: PaymentBody | undefined): PaymentBody {
  const payment = before ?? { payload: "", refusals: 0 };
  return claimed === undefined || payment.payload !== "" ? payment : rebound(claimed, payment);
}

/** After a takeover the payload is the one whose holder works now; nothing was settled for the other. */
export function rebound(claimed: PaymentClaim, before: PaymentBody | undefined): PaymentBody {
  const payment = before ?? { payload: "", refusals: 0 };
  const collector = payment.collector ?? claimed.collector;
  return { ...payment, payload: claimed.payload, ...(collector !== undefined && { collector }) };
}
