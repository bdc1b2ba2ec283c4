// Turns a caller's request into a transition's arguments: checked before any I/O, and with its names hashed.
import { requireInstantMs } from "../durations.ts";
import { invalidArgument } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { withPricedBy } from "./binding.ts";
import type { ClaimRequest } from "./claim.ts";
import type { Completion } from "./end.ts";
import type { Renewal } from "./hold.ts";
import { boundPayload } from "./payment-records.ts";
import {
  requireClaim,
  requireCompletion,
  requireLease,
  requireLeaseMs,
  requireReceipt,
  requireStorable,
  requireText,
  requireToken,
} from "./verification-arguments.ts";
import type { Lease, PaymentClaim, SettleRequest, VerificationStore } from "./verification-store.ts";

type Request<Method extends "claim" | "complete" | "expire" | "markOnce" | "reconcile" | "renew"> = Parameters<
  VerificationStore[Method]
>;

export function claimRequest(request: Request<"claim">[1]): ClaimRequest {
  requireClaim(request);
  const { fingerprint, payment } = request;
  return { ...request, fingerprint: sha256(fingerprint), payment: payment && hashedPayment(payment) };
}

export function renewRequest(
  { lease, leaseMs, onLeaseExpiry, reference, kept }: { lease: Lease; leaseMs: number } & Request<"renew">[3],
  maxValueBytes: number,
): Renewal {
  requireLease(lease);
  requireLeaseMs(leaseMs);
  if (onLeaseExpiry !== undefined && onLeaseExpiry !== "unknown") {
    throw invalidArgument('onLeaseExpiry can only be switched to "unknown".');
  }
  if (reference !== undefined) requireStorable(reference, "reference", maxValueBytes);
  if (kept !== undefined) requireStorable(kept, "kept", maxValueBytes);
  return { lease, leaseMs, toUnknown: onLeaseExpiry === "unknown", reference, kept };
}

export function noteRequest(lease: Lease, evidence: string, maxValueBytes: number): { lease: Lease; evidence: string } {
  requireLease(lease);
  requireStorable(evidence, "evidence", maxValueBytes);
  return { lease, evidence };
}

export function completeRequest(
  lease: Lease,
  result: Request<"complete">[2],
  { maxValueBytes, defaultTtlMs }: { maxValueBytes: number; defaultTtlMs: number | undefined },
): Completion {
  requireLease(lease);
  requireCompletion(result, maxValueBytes);
  return { ...result, lease, valueTtlMs: result.valueTtlMs ?? defaultTtlMs };
}

export function markUnknownRequest(
  lease: Lease,
  evidence: string | undefined,
  maxValueBytes: number,
): { lease: Lease; evidence: string | undefined } {
  requireLease(lease);
  if (evidence !== undefined) requireStorable(evidence, "evidence", maxValueBytes);
  return { lease, evidence };
}

export function reconcileRequest(request: Request<"reconcile">[1]): Request<"reconcile">[1] {
  requireToken(request.token);
  requireLeaseMs(request.leaseMs);
  return request;
}

export function settleRequest(receipt: SettleRequest, maxValueBytes: number): SettleRequest {
  requireReceipt(receipt, maxValueBytes);
  const { fingerprint, payment } = receipt;
  const named = fingerprint === undefined ? undefined : sha256(fingerprint);
  return { ...receipt, fingerprint: named, payment: payment && hashedPayment(payment) };
}

export function expireRequest(ending: Request<"expire">[1], maxValueBytes: number): Request<"expire">[1] {
  requireStorable(ending.reason, "reason", maxValueBytes);
  if (ending.lease !== undefined) requireLease(ending.lease);
  return ending;
}

export function markOnceRequest(request: Request<"markOnce">[1]): Request<"markOnce">[1] {
  requireToken(request.token);
  requireText(request.fingerprint, "fingerprint");
  requireInstantMs(request.retainUntilMs, "retainUntilMs");
  return { ...request, fingerprint: sha256(request.fingerprint) };
}

function hashedPayment({ payload, collector, pricedBy }: PaymentClaim): PaymentClaim {
  const bound = withPricedBy(boundPayload(payload), pricedBy);
  return { payload: bound, ...(collector !== undefined && { collector: sha256(collector) }) };
}
