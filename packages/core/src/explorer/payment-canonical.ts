// The name of a state of the explorer's payments. States that no longer differ in anything that matters share a name.
import type { StoredRecord } from "../atomic-port.ts";
import type { PayState, StoreCall } from "../verification/pay-machine/state.ts";
import { type PaymentBody, readBody, type VerificationBody } from "../verification/verification-record.ts";
import {
  callerAt,
  type ExplorerCall,
  leaseMs,
  nameOf,
  type PaymentWorld,
  type Sent,
  storeMs,
} from "./payment-world.ts";

/**
 * Numbers tokens and fences in the order in which they are met. Only equality matters, and a new token equals no other.
 */
class Names {
  readonly #numbers: Map<string, number>;
  constructor(numbers: Iterable<readonly [string, number]> = []) {
    this.#numbers = new Map(numbers);
  }
  copy(): Names {
    return new Names(this.#numbers);
  }
  of(name: string | undefined): number {
    if (name === undefined || name === "") return 0;
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(name, number);
    }
    return number;
  }
}

type Part = string | number | boolean | null | undefined | readonly Part[];

/**
 * `alike`: all callers present the same, so their order does not matter. `back`: the store's clock may be set back, so
 * a lease that is over may be live again.
 */
export function canonicalPayment(world: PaymentWorld, { alike, back }: { alike: boolean; back: boolean }): string {
  const names = new Names();
  const { nowMs, record, kept, callers, operator, transfer, strays, left } = world;
  const ofRecord = recordPart(record, storeMs(world), names, back ? leaseMs * left.faults : 0);
  const order = callers.map((_, index) => index);
  if (alike && callers.length > 1) {
    const first = order.map((index) => {
      const own = names.copy();
      const sent = strays.filter(({ actor }) => actor === index);
      return JSON.stringify([callerPart(world, index, own), sent.map(({ call }) => callPart(call, own))]);
    });
    order.sort((a, b) => ((first[a] ?? "") < (first[b] ?? "") ? -1 : 1));
  }
  const parts: Part = [
    ofRecord,
    kept !== null,
    order.map((index) => callerPart(world, index, names)),
    operator.at,
    "lease" in operator ? names.of(operator.lease.fence) : 0,
    operator.at === "finding" ? ahead(operator.untilMs, nowMs) : 0,
    operator.at === "found" ? operator.answer : 0,
    transfer.state,
    straysPart(strays, order, names),
    [left.faults, left.clockSteps],
    [world.away, world.fresh, world.handedOver, world.none, world.broken],
  ];
  return JSON.stringify(parts);
}

/** Sorted in an order that does not depend on new tokens. */
function straysPart(strays: PaymentWorld["strays"], order: readonly number[], names: Names): Part {
  const partOf = ({ actor, call }: Sent, from: Names) => [order.indexOf(actor), ...callPart(call, from)];
  if (strays.length < 2) return strays.map((sent) => partOf(sent, names));
  const sorted = strays.map((sent) => ({ sent, text: JSON.stringify(partOf(sent, names.copy())) }));
  return sorted.sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ sent }) => partOf(sent, names));
}

/** How far ahead an instant is. All past instants are alike. */
function ahead(instantMs: number | undefined, nowMs: number): number {
  return instantMs === undefined ? -1 : Math.max(0, instantMs - nowMs);
}

/**
 * No run lasts as long as a record is kept, so the record's end decides nothing. Nor do attempts, or the times for
 * lists.
 */
function recordPart(record: StoredRecord | null, nowMs: number, names: Names, backMs: number): Part {
  const body = readBody(record);
  if (body === null) return null;
  return [bodyPart(body, nowMs, names, backMs), body.payment && paymentPart(body.payment, names)];
}

function bodyPart(body: VerificationBody, nowMs: number, names: Names, backMs: number): Part {
  const fields: Record<keyof VerificationBody, Part> = {
    ...{ attempt: undefined, retainUntilMs: undefined, unknownAtMs: undefined, valueUntilMs: undefined },
    ...{ value: undefined, payment: undefined },
    ...{ state: body.state, token: names.of(body.token), fence: names.of(`${body.fence}`) },
    ...{ leaseUntilMs: ahead(body.leaseUntilMs, nowMs - backMs), onLeaseExpiry: body.onLeaseExpiry },
    ...{ fingerprint: body.fingerprint, evidence: body.evidence },
  };
  return Object.values(fields);
}

function paymentPart(payment: PaymentBody, names: Names): Part {
  const fields: Record<keyof PaymentBody, Part> = {
    ...{ reference: undefined, settledAtMs: undefined },
    ...{ payload: payment.payload, collector: payment.collector, refusals: payment.refusals },
    deliveredBy: names.of(payment.deliveredBy),
    undone: payment.undone?.map((token) => names.of(token)),
  };
  return Object.values(fields);
}

export function nameOfRecord(world: PaymentWorld): string {
  return JSON.stringify(recordPart(world.record, storeMs(world), new Names(), 0));
}

function callPart(call: ExplorerCall | StoreCall | undefined, names: Names): readonly Part[] {
  if (call === undefined) return [];
  const parts: Part[] = [call.call];
  if ("token" in call) parts.push(names.of(call.token));
  if ("lease" in call) parts.push(names.of(call.lease?.token), names.of(call.lease?.fence));
  if ("kept" in call) parts.push(call.kept !== undefined);
  if ("evidence" in call) parts.push(call.evidence);
  if ("refused" in call) parts.push(call.refused);
  if ("deliver" in call) parts.push(names.of(call.deliver?.token), call.deliver?.kept !== undefined);
  return parts;
}

function callerPart(world: PaymentWorld, index: number, names: Names): Part {
  const { nowMs, transfer, record } = world;
  const {
    machine: s,
    calling,
    step,
    settling,
    waiting,
    left,
    told,
    clear,
    failures,
    gotReceipt,
    lied,
    accepted,
  } = callerAt(world, index);
  const heard = told?.status === "paid" && told.fresh;
  const owner = readBody(record)?.payment?.deliveredBy?.startsWith(`${nameOf(index)}:`) === true;
  // Of an ended caller it is checked whether it left a receipt or a delivery behind.
  const debts = failures > 1 ? "gave up" : [failures, gotReceipt, owner && !heard];
  if (s.at === "ended" && calling === undefined) return debts;
  return [
    ...machinePart(s, nowMs, names),
    callPart(calling?.call, names),
    // Once the lease of a call is over, it does not matter how long ago that was.
    calling && Math.max(calling.sentAtMs - nowMs, -leaseMs),
    calling?.reply && [clear, JSON.stringify(replyPart(calling.reply, names))],
    step && [step.step, "refusals" in step && step.refusals, step.id === s.step?.id],
    settling && [settling.phase, settling.stopped, settling.id === s.step?.id, settling.id === s.late],
    settling?.transfer !== undefined && settling.transfer === transfer.id,
    ...[waiting, left, told?.status, heard, debts, lied, accepted],
  ];
}

/** A slow answer with canonical names. The reason of an expiry is only told, so it does not matter. */
function replyPart(reply: unknown, names: Names): unknown {
  if (typeof reply !== "object" || reply === null) return reply;
  return Object.entries(reply).map(([name, value]) => {
    if (name === "token" || name === "fence") return names.of(`${value}`);
    if (name === "sentAtMs" || name === "attempt" || name === "reason") return 0;
    return [name, replyPart(value, names)];
  });
}

/**
 * Every field, so that a new one is not forgotten. Undefined: states that differ in this field alone never differ
 * later.
 */
function machinePart(s: PayState, nowMs: number, names: Names): Part[] {
  const { lease, retry, evidence, after, step, made } = s;
  const held = lease && [names.of(lease.token), names.of(lease.fence), ahead(lease.untilMs, nowMs)];
  const fields: Record<keyof PayState, Part> = {
    ...{ input: undefined, startedAtMs: undefined, tokens: undefined, steps: undefined, calling: undefined },
    ...{ at: s.at, attempts: s.attempts, caller: s.caller, verified: s.verified, refusals: s.refusals },
    rejection: s.rejection?.used,
    unverified: s.unverified && afterPart(s.unverified),
    lease: lease && [held, step && ahead(lease.renewAtMs, nowMs)],
    ...{ leaseLost: s.leaseLost, resent: s.resent, waitUntilMs: ahead(s.waitUntilMs, nowMs) },
    queued: callPart(s.queued, names),
    retry: retry && [...callPart(retry.call, names), ahead(retry.atMs, nowMs), retry.backoffMs],
    giveUpAtMs: ahead(s.giveUpAtMs, nowMs),
    step: step && [step.kind, ahead(step.deadlineMs, nowMs)],
    ...{ late: s.late !== undefined, lateAnswer: JSON.stringify(s.lateAnswer) },
    evidence: evidence && [evidence.saved, ahead(evidence.retryAtMs, nowMs), evidence.waiters.length],
    ...{ found: s.found?.evidence, made: made && [made.kept, made.saved], kept: s.kept },
    ...{ receipt: s.receipt, receiptSaved: s.receiptSaved, reason: s.reason, refusal: s.refusal?.used },
    ...{ delivery: names.of(s.delivery), maybeDelivered: s.maybeDelivered },
    after: afterPart(after),
  };
  return Object.values(fields);
}

function afterPart(after: PayState["after"]): string {
  return typeof after === "string" ? after : "fail" in after ? "fail" : after.status;
}
