// The store in the explorer's payments: runs one call of the machine on the real transitions.
import type { StoredRecord } from "../atomic-port.ts";
import type { PayEvent, StoreCall } from "../verification/pay-machine/state.ts";
import { isCutReceipt } from "../verification/verification-arguments.ts";
import { phaseOf, readBody, type Transition } from "../verification/verification-record.ts";
import {
  breaks,
  type ExplorerCall,
  leaseMs,
  mayHaveMoved,
  nameOf,
  type PaymentRules,
  type PaymentWorld,
  type Presented,
  receipt,
  type Sent,
  storeMs,
  validUntilMs,
  withCaller,
} from "./payment-world.ts";

/** The plain form of a reply: the transitions' answers differ by status. */
export interface Reply {
  readonly status: string;
  readonly kept?: string;
}

export interface AppliedCall {
  readonly world: PaymentWorld;
  readonly reply: Reply;
  /** The event for the caller's machine. `sentAtMs`: when the call was sent. */
  event(sentAtMs: number): PayEvent;
}

const bare: Presented = { order: "serve-then-settle", fingerprint: "", payload: "" };

/** Applies a call to the store. A violation is noted in the world. */
export function applied(world: PaymentWorld, rules: PaymentRules, { actor, call }: Sent): AppliedCall {
  const { record, kept } = world;
  const nowMs = storeMs(world);
  const by = rules.callers[actor] ?? bare;
  const { write, writeKept, reply, event } = transition(rules, by, call, record, kept, nowMs);
  let after: PaymentWorld = {
    ...world,
    record: write === undefined ? record : write,
    kept: writeKept === undefined ? kept : writeKept,
  };
  const message = wrongly(world, after, by, { actor, call }, reply);
  if (message !== null) after = breaks(after, message);
  if (actor >= 0) after = withCaller(after, actor, { clear: !mayHaveMoved(world) });
  if (call.call === "expire" || call.call === "operatorExpire" || call.call === "resolveNone") {
    if (reply.status === "ok") after = { ...after, none: true };
  }
  if (call.call === "resolveDelivered" && reply.status === "delivered") after = { ...after, handedOver: true };
  return { world: after, reply, event };
}

type Answered = Transition<Reply> & { event(sentAtMs: number): PayEvent };

function transition(
  { on }: PaymentRules,
  by: Presented,
  call: ExplorerCall,
  record: StoredRecord | null,
  kept: StoredRecord | null,
  nowMs: number,
): Answered {
  const { fingerprint, payload, collector } = by;
  const payment = { payload, collector };
  const ended = (moved: ReturnType<PaymentRules["on"]["release"]>): Answered => ({
    ...moved,
    event: (sentAtMs) => ({ on: "ended", reply: moved.reply, sentAtMs }),
  });
  const recorded = (moved: ReturnType<PaymentRules["on"]["settle"]>): Answered => ({
    ...moved,
    event: () => ({ on: "recorded", reply: moved.reply }),
  });
  const claimed = (moved: ReturnType<PaymentRules["on"]["claim"]>): Answered => ({
    ...moved,
    event: (sentAtMs) => ({ on: "claimed", reply: moved.reply, sentAtMs }),
  });
  switch (call.call) {
    case "peek": {
      const reply = on.look(record, nowMs);
      return { reply, event: () => ({ on: "looked", reply }) };
    }
    case "claim": {
      const asked = { leaseMs, onLeaseExpiry: "retry", retainUntilMs: validUntilMs, fingerprint, payment } as const;
      return claimed(on.claim(record, nowMs, { ...asked, token: call.token }, kept));
    }
    case "reconcile":
      return claimed(on.reconcile(record, nowMs, { token: call.token, leaseMs }));
    case "renew":
      return ended(on.renew(record, nowMs, { lease: call.lease, leaseMs, toUnknown: false, kept: call.kept }));
    case "renewForSettlement":
      return ended(on.renew(record, nowMs, { lease: call.lease, leaseMs, toUnknown: true, kept: call.kept }));
    case "note":
      return ended(on.note(record, nowMs, call));
    case "markUnknown":
      return ended(on.markUnknown(record, nowMs, { lease: call.lease, evidence: call.evidence }));
    case "release":
      return ended(on.release(record, nowMs, call, kept));
    case "expire":
      return ended(on.expire(record, nowMs, call, kept));
    case "settle": {
      const about = { fingerprint, payment, retainUntilMs: validUntilMs };
      const { lease, deliver } = call;
      return recorded(on.settle(record, nowMs, { ...about, receipt: call.receipt, lease, deliver }, kept));
    }
    case "deliver":
      return recorded(on.deliver(record, nowMs, call, kept));
    case "undeliver":
      return ended(on.undeliver(record, nowMs, call.token, kept));
    case "resolveReceipt":
      return recorded(on.settle(record, nowMs, { receipt }, kept));
    case "resolveNone":
      return ended(on.expire(record, nowMs, { reason: "void" }, kept));
    case "operatorExpire":
      return ended(on.expire(record, nowMs, { reason: "void", lease: call.lease }, kept));
    case "resolveDelivered":
      return recorded(on.deliver(record, nowMs, { token: "operator" }, kept));
  }
}

/** The event for a call that the store refuses as too large. */
export const tooLarge = { on: "failed", unavailable: false, mayHaveRun: false, tooLarge: true, error: 0 } as const;

/** Whether the store refuses a call. A receipt that was cut to its hash always fits. */
export function isTooLarge(rules: PaymentRules, call: StoreCall): boolean {
  if (rules.tooLarge === "receipt") return call.call === "settle" && !isCutReceipt(call.receipt);
  if (rules.tooLarge === "nothing") return false;
  return ("kept" in call && call.kept !== undefined) || ("deliver" in call && call.deliver?.kept !== undefined);
}

/** Calls that only the lease's holder may make. */
const holders: ReadonlySet<ExplorerCall["call"]> = new Set<ExplorerCall["call"]>([
  ...(["renew", "renewForSettlement", "note", "markUnknown", "release", "expire", "operatorExpire"] as const),
]);

/** The violation of an applied call. */
function wrongly(
  before: PaymentWorld,
  after: PaymentWorld,
  by: Presented,
  { actor, call }: Sent,
  reply: Reply,
): string | null {
  const was = readBody(before.record);
  const is = readBody(after.record);
  if (is !== null && was !== null && is.fence < was.fence) return "a fence fell";
  if (reply.kept !== undefined && call.call === "claim" && is !== null) {
    const { collector } = is.payment ?? {};
    const other = is.fingerprint !== by.fingerprint || is.payment?.payload !== by.payload;
    if (other || collector !== by.collector) return `${nameOf(actor)} was handed what another had paid for`;
  }
  if (call.call === "renewForSettlement" && call.kept !== undefined && reply.status === "ok" && after.kept === null) {
    return "a result was not kept before its settlement";
  }
  if (call.call === "claim" && reply.status === "settled" && before.kept !== null && reply.kept === undefined) {
    return `${nameOf(actor)} was not handed what was kept`;
  }
  if (before.record === after.record && before.kept === after.kept) return null;
  const phase = phaseOf(was, storeMs(before));
  if (was !== null && "lease" in call && holders.has(call.call)) {
    if (String(was.fence) !== call.lease?.fence) return "a past holder's late call changed the record";
  }
  if (call.call === "claim" && phase === "unknown") return "an unknown outcome was claimed without being reconciled";
  const needsLive = call.call === "renew" || call.call === "renewForSettlement" || call.call === "release";
  if (needsLive && phase !== "held") return "a lease that was over was renewed or released";
  if (was?.state === "delivered" && is?.state !== "delivered") {
    const own = call.call === "undeliver" && was.payment?.deliveredBy === call.token;
    if (!own) return "a delivery was lost";
  }
  const paid = is?.state === "settled" || is?.state === "delivered";
  if (paid && before.kept !== null && after.kept === null) return "what was kept is lost";
  if (was?.state === "settled" && is?.state !== "settled" && is?.state !== "delivered") return "a receipt was lost";
  if (paid && before.transfer.state !== "landed") {
    return "a payment is settled whose money never moved";
  }
  return null;
}

/** True where the call can no longer do anything: the record has another holder for good. */
export function isSpent({ call }: Sent, record: StoredRecord | null): boolean {
  if (call.call === "peek") return true;
  if (!("lease" in call) || call.lease === undefined || !holders.has(call.call)) return false;
  const body = readBody(record);
  return body === null || String(body.fence) !== call.lease.fence;
}

export function labelOf(call: ExplorerCall | StoreCall): string {
  switch (call.call) {
    case "settle":
      return call.deliver === undefined ? "settle" : "settle and deliver";
    case "release":
      return call.refused ? "release, refused" : "release";
    case "renewForSettlement":
      return call.kept === undefined ? "renew for settlement" : "renew for settlement, keeping the result";
    default:
      return call.call;
  }
}
