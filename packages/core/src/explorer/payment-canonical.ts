// The name of a state of the explorer's payments. What differs only by what nothing depends on any more has one name.
import type { StoredRecord } from "../atomic-port.ts";
import type { PayState, StoreCall } from "../verification/pay-machine/state.ts";
import { readBody } from "../verification/verification-record.ts";
import { callerAt, type ExplorerCall, leaseMs, nameOf, type PaymentWorld, storeMs } from "./payment-world.ts";

/** Tokens and fences in the order in which they are met: only which are equal decides anything, and a new one is equal to none. */
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

/** `alike`: all callers present the same, so that it does not matter which is which. */
export function canonicalPayment(world: PaymentWorld, alike: boolean): string {
  const names = new Names();
  const { nowMs, record, kept, callers, operator, transfer, strays, left } = world;
  const ofRecord = recordPart(record, storeMs(world), names);
  const order = callers.map((_, index) => index);
  if (alike && callers.length > 1) {
    const first = order.map((index) => JSON.stringify(callerPart(world, index, names.copy())));
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
    strays.map(({ actor, call }) => [order.indexOf(actor), ...callPart(call, names)]).sort(byText),
    [left.faults, left.clockSteps],
    [world.away, world.fresh, world.handedOver, world.none, world.broken],
  ];
  return JSON.stringify(parts);
}

function byText(a: readonly Part[], b: readonly Part[]): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** How far ahead an instant is. All that is past is alike. */
function ahead(instantMs: number | undefined, nowMs: number): number {
  return instantMs === undefined ? -1 : Math.max(0, instantMs - nowMs);
}

/** No run lasts as long as a record is kept, so its end decides nothing, nor do attempts and the times for lists. */
function recordPart(record: StoredRecord | null, nowMs: number, names: Names): Part {
  const body = readBody(record);
  if (body === null) return null;
  const { payload, collector, refusals, deliveredBy, undone } = body.payment ?? {};
  return [
    ...[body.state, names.of(body.token), names.of(`${body.fence}`), ahead(body.leaseUntilMs, nowMs)],
    ...[body.onLeaseExpiry, body.fingerprint, body.evidence],
    ...[payload, collector, refusals, names.of(deliveredBy), ...(undone ?? []).map((token) => names.of(token))],
  ];
}

export function nameOfRecord(world: PaymentWorld): string {
  return JSON.stringify(recordPart(world.record, storeMs(world), new Names()));
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
  // What is asked of one that is done: whether it left a receipt or a delivery behind.
  const debts = failures > 1 ? "gave up" : [failures, gotReceipt, owner && !heard];
  if (s.at === "ended" && calling === undefined) return debts;
  return [
    ...machinePart(s, nowMs, names),
    callPart(calling?.call, names),
    // Long past is past: what counts from then is over.
    calling && Math.max(calling.sentAtMs - nowMs, -leaseMs),
    calling?.reply && [clear, JSON.stringify(replyPart(calling.reply, names))],
    step && [step.step, "refusals" in step && step.refusals, step.id === s.step?.id],
    settling && [settling.phase, settling.stopped, settling.id === s.step?.id, settling.id === s.late],
    settling?.transfer !== undefined && settling.transfer === transfer.id,
    ...[waiting, left, told?.status, heard, debts, lied, accepted],
  ];
}

/** An answer that is slow, with its names made canonical. */
function replyPart(reply: unknown, names: Names): unknown {
  if (typeof reply !== "object" || reply === null) return reply;
  return Object.entries(reply).map(([name, value]) => {
    if (name === "token" || name === "fence") return names.of(`${value}`);
    if (name === "sentAtMs" || name === "attempt") return 0;
    return [name, replyPart(value, names)];
  });
}

function machinePart(s: PayState, nowMs: number, names: Names): Part[] {
  const { lease, retry, evidence, after } = s;
  return [
    ...[s.at, s.attempts, s.caller, s.verified, s.refusals, s.rejection?.used, s.leaseLost, s.resent],
    ahead(s.waitUntilMs, nowMs),
    lease && [
      names.of(lease.token),
      names.of(lease.fence),
      ahead(lease.untilMs, nowMs),
      s.step && ahead(lease.renewAtMs, nowMs),
    ],
    callPart(s.queued, names),
    retry && [...callPart(retry.call, names), ahead(retry.atMs, nowMs), retry.backoffMs],
    ahead(s.giveUpAtMs, nowMs),
    s.step && [s.step.kind, ahead(s.step.deadlineMs, nowMs)],
    s.late !== undefined,
    JSON.stringify(s.lateAnswer),
    evidence && [evidence.saved, ahead(evidence.retryAtMs, nowMs), evidence.waiters.length],
    ...[s.found?.evidence, s.made !== undefined, s.made?.kept, s.kept, s.receipt, s.receiptSaved],
    ...[names.of(s.delivery), s.maybeDelivered, s.refusal?.used, s.reason],
    typeof after === "string" ? after : "fail" in after ? "fail" : after.status,
  ];
}
