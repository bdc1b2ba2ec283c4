// What the model keeps of a key, what an entry reads as at an instant, and when it is forgotten.
import type { Claim, LeaseExpiry } from "@tollbooth-stores/core";

export const floorMs = 600_000;
const ceilingMs = 2_678_400_000;
const dayMs = 86_400_000;

/** What only a payment's entry has. */
export interface PaymentEntry {
  payload: number | undefined;
  collector: number | undefined;
  refusals: number;
  reference: string | undefined;
  settledAtMs: number;
  deliveredBy: number | undefined;
  /** Deliveries that were taken back or came second: late copies of them deliver nothing. */
  undone: readonly number[];
}

export interface Entry {
  state: "working" | "unknown" | "accepted" | "rejected" | "free" | "settled" | "delivered" | "expired";
  /** The actor that holds it or held it last, and the lease's number. Neither where only a receipt made it. */
  actor: number | undefined;
  lease: number;
  attempt: number;
  purchase: number | undefined;
  leaseUntilMs: number;
  onLeaseExpiry: LeaseExpiry;
  evidence: string | undefined;
  /** The result, the receipt, or why it expired. */
  value: string;
  valueUntilMs: number;
  retainUntilMs: number;
  endsAtMs: number;
  payment: PaymentEntry | undefined;
  /** A result kept beside it, with an end of its own. */
  kept: { text: string; untilMs: number } | undefined;
}

export type Phase = "absent" | "held" | "lapsed" | "unknown" | "done" | "spent" | "settled" | "delivered" | "expired";

/** A claim's answer with the lease's number among the key's leases in place of its fence. */
export type NumberedClaim =
  | { status: "claimed"; via: "fresh" | "resume" | "takeover"; lease: NumberedLease; [told: string]: unknown }
  | { status: "settled"; receipt: string; lease?: NumberedLease; kept?: string }
  | Exclude<Claim, { status: "claimed" | "settled" }>
  | { status: "absent" };

export interface NumberedLease {
  lease: number;
  attempt: number;
  ttlMs: number;
}

export const unbound = (refusals = 0): PaymentEntry => ({
  ...{ payload: undefined, collector: undefined, refusals, reference: undefined },
  ...{ settledAtMs: 0, deliveredBy: undefined, undone: [] },
});

/** Without the fields that are undefined. */
export function told<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}

export function phaseOf(entry: Entry | undefined, nowMs: number): Phase {
  if (entry === undefined || entry.state === "free") return "absent";
  switch (entry.state) {
    case "working":
      if (nowMs < entry.leaseUntilMs) return "held";
      return entry.onLeaseExpiry === "retry" ? "lapsed" : "unknown";
    case "settled":
      return nowMs < entry.leaseUntilMs ? "held" : "settled";
    case "accepted":
      return nowMs < entry.valueUntilMs ? "done" : "spent";
    case "rejected":
      return nowMs < entry.valueUntilMs ? "done" : "absent";
    default:
      return entry.state;
  }
}

/** The answer to a caller that holds nothing. */
export function seen(entry: Entry | undefined, nowMs: number): NumberedClaim {
  const phase = phaseOf(entry, nowMs);
  if (entry === undefined || phase === "absent") return { status: "absent" };
  switch (phase) {
    case "held":
      return { status: "in-progress", retryAfterMs: entry.leaseUntilMs - nowMs };
    case "lapsed":
      return { status: "in-progress", retryAfterMs: 0 };
    case "unknown":
      return { status: phase, ...told({ evidence: entry.evidence }) };
    case "spent":
      return { status: phase };
    case "settled":
    case "delivered":
      return { status: phase, receipt: entry.value };
    case "expired":
      return { status: phase, reason: entry.value };
    case "done": {
      const outcome = entry.state === "accepted" ? "accepted" : "rejected";
      const expiresInMs = Math.min(entry.valueUntilMs, entry.endsAtMs) - nowMs;
      return { status: phase, outcome, value: entry.value, expiresInMs };
    }
  }
}

/** What a call is told whose lease is not the entry's. */
export function lostTo(entry: Entry | undefined, nowMs: number): { status: "lost"; current: string } {
  const phase = phaseOf(entry, nowMs);
  return { status: "lost", current: phase === "held" || phase === "lapsed" ? "in-progress" : phase };
}

/** The kept part of the result, while it lasts. */
export function keptOf(entry: Entry, nowMs: number): { kept?: string } {
  return entry.kept !== undefined && nowMs < entry.kept.untilMs ? { kept: entry.kept.text } : {};
}

/** Says when the entry ends, after each change. */
export function keep(entry: Entry, nowMs: number): Entry {
  const { state, retainUntilMs } = entry;
  const inDoubt = state === "unknown" || (state === "working" && entry.onLeaseExpiry === "unknown");
  entry.endsAtMs = retainUntilMs;
  if (inDoubt || state === "expired") entry.endsAtMs = Math.max(retainUntilMs, nowMs + ceilingMs);
  if (state === "settled") entry.endsAtMs = Math.max(retainUntilMs, (entry.payment?.settledAtMs ?? 0) + ceilingMs);
  if (state === "rejected") entry.endsAtMs = Math.min(retainUntilMs, entry.valueUntilMs);
  return entry;
}

/** A text kept beside an entry stays as long as the entry. */
export function keepBeside(entry: Entry): void {
  if (entry.kept !== undefined) entry.kept.untilMs = Math.max(entry.kept.untilMs, entry.endsAtMs);
}

/** Until when a payment is remembered that is valid for so long: a day more. */
export function rememberedUntil(validForMs: number, nowMs: number): number {
  return nowMs + Math.min(Math.max(validForMs, floorMs), ceilingMs) + dayMs;
}

/** Of a claim's: the day counts from the end of the floor after its lease, at least. */
export function askedFor(command: { retainMs: number; leaseMs: number; payment: unknown }, nowMs: number): number {
  const asked = nowMs + Math.max(command.retainMs, command.leaseMs + floorMs);
  return command.payment === undefined ? asked : asked + dayMs;
}

/** At least a day from a delivery on. */
export function afterDelivery(entry: Entry, nowMs: number): number {
  return Math.max(entry.retainUntilMs, nowMs + dayMs);
}
