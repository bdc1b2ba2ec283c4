// Checks the verification store's arguments, all of them before any I/O.
import { requireDurationMs, requireInstantMs } from "../durations.ts";
import { invalidArgument, StoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { MAX_LEASE_MS, RETENTION_CEILING_MS } from "./verification-record.ts";
import type { Delivery, Lease, PaymentClaim, SettleRequest, VerificationStore } from "./verification-store.ts";

const MAX_TOKEN_LENGTH = 200;
const MAX_PRICED_BY_BYTES = 4_096;

export function requireText(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalidArgument(`${name} must be a string.`);
  return value;
}

/** Requires a name. An empty one would name every payment whose name was forgotten. */
export function requireName(value: unknown, name: string): string {
  if (requireText(value, name) === "") throw invalidArgument(`${name} must not be empty.`);
  return requireText(value, name);
}

export function requireToken(token: unknown): string {
  const text = requireText(token, "token");
  if (text.length < 1 || text.length > MAX_TOKEN_LENGTH) {
    throw invalidArgument(`token must be 1 to ${MAX_TOKEN_LENGTH} characters; a random UUID will do.`);
  }
  return text;
}

export function requireHandle(handle: unknown): string {
  if (typeof handle !== "string" || !/^[\w-]{43}$/.test(handle)) {
    throw invalidArgument("handle must be one that unresolved() or telemetry gave.");
  }
  return handle;
}

function requireUpTo(value: unknown, name: string, most: number): void {
  if (requireDurationMs(value, name) > most) {
    throw invalidArgument(`${name} must be at most ${most} milliseconds: records are kept for 31 days at most.`);
  }
}

export function requireLeaseMs(leaseMs: unknown): void {
  requireUpTo(leaseMs, "leaseMs", MAX_LEASE_MS);
}

export function requireLease(lease: Lease): void {
  requireToken(lease?.token);
  if (!/^\d{1,16}$/.test(requireText(lease.fence, "lease.fence"))) {
    throw invalidArgument("lease must be one that claim or reconcile gave.");
  }
}

export function requireClaim(request: Parameters<VerificationStore["claim"]>[1]): void {
  requireToken(request.token);
  requireText(request.fingerprint, "fingerprint");
  requireLeaseMs(request.leaseMs);
  requireInstantMs(request.retainUntilMs, "retainUntilMs");
  if (request.onLeaseExpiry !== "retry" && request.onLeaseExpiry !== "unknown") {
    throw invalidArgument('onLeaseExpiry must be "retry" or "unknown".');
  }
  requirePayment(request.payment);
}

function requirePayment(payment: PaymentClaim | undefined): void {
  if (payment === undefined) return;
  requireName(payment.payload, "payment.payload");
  if (payment.collector !== undefined) requireName(payment.collector, "payment.collector");
  if (payment.pricedBy !== undefined) requireStorable(payment.pricedBy, "payment.pricedBy", MAX_PRICED_BY_BYTES);
}

export function requireCompletion(result: Parameters<VerificationStore["complete"]>[2], maxValueBytes: number): void {
  if (result.outcome !== "accepted" && result.outcome !== "rejected") {
    throw invalidArgument('outcome must be "accepted" or "rejected".');
  }
  requireStorable(result.value, "value", maxValueBytes);
  requireInstantMs(result.retainUntilMs, "retainUntilMs");
  if (result.valueTtlMs !== undefined) requireUpTo(result.valueTtlMs, "valueTtlMs", RETENTION_CEILING_MS);
}

/** Stands for a receipt that does not fit. It is always accepted, because its payment has moved money. */
export function cutReceipt(receipt: string): string {
  return `sha256:${sha256(receipt)}`;
}

export function isCutReceipt(receipt: string): boolean {
  return /^sha256:[\w-]{43}$/.test(receipt);
}

export function requireReceipt(receipt: SettleRequest, maxValueBytes: number): void {
  const text = requireName(receipt.receipt, "receipt");
  if (!isCutReceipt(text)) requireStorable(text, "receipt", maxValueBytes);
  if (receipt.fingerprint !== undefined) requireText(receipt.fingerprint, "fingerprint");
  requirePayment(receipt.payment);
  if (receipt.retainUntilMs !== undefined) requireInstantMs(receipt.retainUntilMs, "retainUntilMs");
  if (receipt.lease !== undefined) requireLease(receipt.lease);
  if (receipt.deliver !== undefined) requireDelivery(receipt.deliver, maxValueBytes);
}

export function requireDelivery({ token, kept, keptForMs }: Delivery, maxValueBytes: number): void {
  requireToken(token);
  if (kept !== undefined) requireStorable(kept, "kept", maxValueBytes);
  if (keptForMs !== undefined) requireDurationMs(keptForMs, "keptForMs");
}

/** Requires text that comes back as it was: well-formed, and not larger than the limit. */
export function requireStorable(text: unknown, name: string, maxBytes: number): void {
  if (!requireText(text, name).isWellFormed()) throw invalidArgument(`${name} must be well-formed Unicode.`);
  if (Buffer.byteLength(requireText(text, name)) > maxBytes) {
    throw new StoreError(
      "STORE_VALUE_TOO_LARGE",
      `${name} is larger than ${maxBytes} bytes (maxValueBytes); nothing was changed.`,
    );
  }
}

/** The longest lease of payOnce and verifyOnce. Their steps take three leases, and a timer takes at most 24 days. */
const MAX_FACADE_LEASE_MS = 3_600_000;

export function requireFacadeLease(leaseMs: number): void {
  if (!Number.isSafeInteger(leaseMs) || leaseMs < 1 || leaseMs > MAX_FACADE_LEASE_MS) {
    throw invalidArgument(
      "leaseMs must be a whole number of milliseconds from 1 to 3600000 (an hour): it is renewed at a third while the work lasts.",
    );
  }
}
