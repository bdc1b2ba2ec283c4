// What binds a payment's record (fingerprint, payload, collector), and which calls name another purchase or payer.
import type { PaymentBody, VerificationBody } from "./verification-record.ts";
import type { PaymentClaim } from "./verification-store.ts";

/** What a call names. All hashed. */
interface Named {
  fingerprint?: string | undefined;
  payment?: PaymentClaim | undefined;
}

/** Whether a claim is for another purchase than the record's, or by a caller that may not collect it. */
export function isOther(body: VerificationBody, { fingerprint, payment }: Named): boolean {
  if (body.fingerprint !== "" && body.fingerprint !== fingerprint) return true;
  const { collector, payload = "" } = body.payment ?? {};
  if (collector !== undefined && collector !== payment?.collector) return true;
  const paid = body.state === "settled" || body.state === "delivered";
  return paid && payload !== "" && payment !== undefined && nameIn(payload) !== nameIn(payment.payload);
}

/**
 * A payload's hash and what it was priced by are one text in the record, so that they are bound, replaced and given back together.
 * The hash has no space.
 */
export function withPricedBy(payload: string, pricedBy: string | undefined): string {
  return pricedBy === undefined ? payload : `${payload} ${pricedBy}`;
}

export function splitPricedBy(bound: string): { payload: string; pricedBy?: string } {
  const at = bound.indexOf(" ");
  return at < 0 ? { payload: bound } : { payload: bound.slice(0, at), pricedBy: bound.slice(at + 1) };
}

/** The payload alone: what it was priced by is not compared. */
const nameIn = (bound: string) => splitPricedBy(bound).payload;

/** Whether a receipt is for another purchase or payer than the record's. A name that it leaves out fits. */
export function isForeign(body: VerificationBody, { fingerprint = "", payment }: Named): boolean {
  if (fingerprint !== "" && body.fingerprint !== "" && body.fingerprint !== fingerprint) return true;
  const [recorded, said] = [body.payment?.collector, payment?.collector];
  return recorded !== undefined && said !== undefined && recorded !== said;
}

/** Binds a payment. Payload and collector are bound together: a later claim adds no collector. */
export function boundTo(claimed: PaymentClaim | undefined, before: PaymentBody | undefined): PaymentBody {
  const payment = before ?? { payload: "", refusals: 0 };
  return claimed === undefined || payment.payload !== "" ? payment : rebound(claimed, payment);
}

/** What the next claim takes over from a payment that was given back. Only a receipt is still bound as the last claim was. */
export function givenBack({ refusals, undone }: PaymentBody): PaymentBody {
  return { payload: "", refusals, ...(undone !== undefined && { undone }) };
}

/** After a takeover the payload is the new holder's, because nothing was settled for the old one. */
export function rebound(claimed: PaymentClaim, before: PaymentBody | undefined): PaymentBody {
  const payment = before ?? { payload: "", refusals: 0 };
  const collector = payment.payload === "" ? (payment.collector ?? claimed.collector) : payment.collector;
  return { ...payment, payload: claimed.payload, ...(collector !== undefined && { collector }) };
}
