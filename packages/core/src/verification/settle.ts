// The transitions of a payment after its settlement: settle(), deliver(), undeliver(); and expire() where there is
// none.
import type { StoredRecord } from "../atomic-port.ts";
import { boundTo, givenBack, isForeign } from "./binding.ts";
import {
  isLastHolder,
  nextFence,
  type PaymentBody,
  phaseOf,
  REMEMBERED_FOR_MS,
  readBody,
  recordOf,
  rememberedUntil,
  type Transition,
  type VerificationBody,
} from "./verification-record.ts";
import { ended, keptIn, keptRecord, lost, readKept } from "./verification-replies.ts";
import type { Delivery, Lease, LeaseResult, Settlement, SettleRequest } from "./verification-store.ts";

/** How many ineffective deliveries a record remembers: those whose late copies may still be under way. */
const MOST_UNDONE = 16;

/**
 * A receipt is a fact: a record in any state but delivered or accepted becomes settled, and the first receipt stays.
 * The lease goes on where its holder sends the receipt; any other holder has nothing left to do.
 *
 * With `deliver` the record becomes delivered in the same write, unless that delivery was taken back before. Where the
 * record is another purchase's by now, the receipt is recorded and the caller gets "lost": it delivers nothing and is
 * told no result. All names come hashed.
 */
export function settle(
  record: StoredRecord | null,
  nowMs: number,
  request: SettleRequest,
  kept: StoredRecord | null = null,
): Transition<Settlement> {
  const before = readBody(record);
  const foreign = before !== null && !isFresh(before) && isForeign(before, request);
  if (record !== null && before?.state === "delivered") {
    return foreign ? { reply: lost(before, nowMs) } : comesSecond(record, before, request.deliver, kept);
  }
  // Completed through the building blocks: their caller knows what became of the value.
  if (before?.state === "accepted") return { reply: asDelivered(before, undefined, null) };
  const given = foreign ? { ...request, fingerprint: undefined, payment: undefined } : request;
  const body = before?.state === "settled" ? before : withReceipt(before, nowMs, given);
  const alarm = before?.state === "expired" ? ({ wasExpired: true } as const) : {};
  if (foreign || request.deliver === undefined || isUndone(body, request.deliver.token)) {
    const write = recordOf(body, nowMs);
    const settled: Settlement = { status: "settled", receipt: body.value ?? "", ...keptIn(kept), ...alarm };
    const reply: Settlement = foreign ? { status: "lost", current: "settled", ...alarm } : settled;
    return { write, ...extended(kept, write.endsAtMs), reply };
  }
  const { reply, ...writes } = handOver(body, nowMs, request.deliver, kept);
  return { ...writes, reply: { ...reply, ...alarm } };
}

/** Without a claim that counts: no record, a tombstone, or a rejection. A receipt makes the record anew. */
function isFresh(before: VerificationBody | null): boolean {
  return before === null || before.state === "released" || before.state === "rejected";
}

/** The record with its receipt. */
function withReceipt(before: VerificationBody | null, nowMs: number, request: SettleRequest): VerificationBody {
  const { receipt, fingerprint, payment: claimed, retainUntilMs = 0 } = request;
  const fresh = isFresh(before);
  const { evidence: _, unknownAtMs: __, valueUntilMs: ___, ...rest } = before ?? nothingClaimed(nowMs);
  const last = before?.state === "released" ? before : undefined;
  const known = claimed !== undefined && last?.payment !== undefined ? givenBack(last.payment) : last?.payment;
  const bound = boundTo(claimed, fresh ? known : before?.payment);
  const asked = fresh || request.retainUntilMs !== undefined ? rememberedUntil(retainUntilMs, nowMs) : 0;
  const goesOn = request.lease !== undefined && isLastHolder(rest, request.lease);
  return {
    ...rest,
    state: "settled",
    leaseUntilMs: goesOn ? rest.leaseUntilMs : Math.min(rest.leaseUntilMs, nowMs),
    value: receipt,
    fingerprint: fresh || rest.fingerprint === "" ? (fingerprint ?? last?.fingerprint ?? "") : rest.fingerprint,
    retainUntilMs: Math.max(rest.retainUntilMs, asked),
    payment: { ...bound, settledAtMs: nowMs },
  };
}

/** A record without any claim. */
function nothingClaimed(nowMs: number): VerificationBody {
  return {
    state: "released",
    fence: nextFence(null, nowMs),
    attempt: 0,
    token: "",
    fingerprint: "",
    leaseUntilMs: 0,
    onLeaseExpiry: "unknown",
    retainUntilMs: 0,
  };
}

/** From settled to delivered. */
function handOver(
  body: VerificationBody,
  nowMs: number,
  { token, kept: given, keptForMs }: Delivery,
  kept: StoredRecord | null,
): Transition<Extract<Settlement, { status: "delivered" }>> {
  const payment: PaymentBody = { ...(body.payment ?? { payload: "", refusals: 0 }), deliveredBy: token };
  // However long it was owed, a caller that asks again soon is still answered.
  const retainUntilMs = Math.max(body.retainUntilMs, nowMs + REMEMBERED_FOR_MS);
  const leaseUntilMs = Math.min(body.leaseUntilMs, nowMs);
  const write = recordOf({ ...body, state: "delivered", leaseUntilMs, retainUntilMs, payment }, nowMs);
  const keptUntilMs = keptForMs === undefined ? write.endsAtMs : Math.min(write.endsAtMs, nowMs + keptForMs);
  const text = given ?? readKept(kept);
  return {
    write,
    ...(text !== undefined && { writeKept: keptRecord(text, keptUntilMs) }),
    reply: { status: "delivered", byYou: true, receipt: body.value ?? "" },
  };
}

function asDelivered(body: VerificationBody, asked: Delivery | undefined, kept: StoredRecord | null): Settlement {
  const byYou = asked !== undefined && body.payment?.deliveredBy === asked.token;
  return { status: "delivered", byYou, receipt: body.value ?? "", ...(byYou ? {} : keptIn(kept)) };
}

/** The other delivery may be taken back. This one was told that it came second, and must stay second. */
function comesSecond(
  record: StoredRecord,
  body: VerificationBody,
  asked: Delivery | undefined,
  kept: StoredRecord | null,
): Transition<Settlement> {
  const reply = asDelivered(body, asked, kept);
  if (asked === undefined || body.payment?.deliveredBy === asked.token || isUndone(body, asked.token)) return { reply };
  return { write: { ...record, body: { ...body, payment: withUndone(body, asked.token) } }, reply };
}

const isUndone = ({ payment }: VerificationBody, token: string) => payment?.undone?.includes(token) === true;

function withUndone({ payment = { payload: "", refusals: 0 } }: VerificationBody, token: string): PaymentBody {
  const others = (payment.undone ?? []).filter((other) => other !== token);
  return { ...payment, undone: [...others, token].slice(-MOST_UNDONE) };
}

/** The kept result stays as long as the record beside it. */
function extended(kept: StoredRecord | null, endsAtMs: number): { writeKept?: StoredRecord } {
  return kept === null || kept.endsAtMs >= endsAtMs ? {} : { writeKept: { ...kept, endsAtMs } };
}

/** The first token delivers. A repeat with that token is told so again. */
export function deliver(
  record: StoredRecord | null,
  nowMs: number,
  delivery: Delivery,
  kept: StoredRecord | null = null,
): Transition<Settlement> {
  const body = readBody(record);
  if (record !== null && body?.state === "delivered") return comesSecond(record, body, delivery, kept);
  if (body?.state !== "settled") return { reply: lost(body, nowMs) };
  if (isUndone(body, delivery.token)) {
    return { reply: { status: "settled", receipt: body.value ?? "", ...keptIn(kept) } };
  }
  return handOver(body, nowMs, delivery, kept);
}

/** Owed again where that token delivered it. Where it has not delivered yet, it never will. */
export function undeliver(
  record: StoredRecord | null,
  nowMs: number,
  token: string,
  kept: StoredRecord | null = null,
): Transition<LeaseResult> {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (record === null || body === null) return { reply: lost(body, nowMs) };
  if (body.state === "accepted" || body.state === "rejected") return { reply: lost(body, nowMs) };
  if (phase === "absent" || phase === "expired") {
    // A late copy of it would settle the payment, and must not deliver it.
    const write = { ...record, body: { ...body, payment: withUndone(body, token) } };
    return { write, reply: lost(body, nowMs) };
  }
  if (body.state === "delivered" && body.payment?.deliveredBy !== token) {
    // The other delivery may be taken back too. A late copy of this one then delivers nothing.
    return { ...comesSecond(record, body, { token }, kept), reply: lost(body, nowMs) };
  }
  const { deliveredBy: _, ...payment } = withUndone(body, token);
  const state = body.state === "delivered" ? "settled" : body.state;
  const write = recordOf({ ...body, state, payment }, nowMs);
  return { write, ...extended(kept, write.endsAtMs), reply: ended };
}

/** No settlement will come. Sent by the holder, or by any caller while no lease is live. */
export function expire(
  record: StoredRecord | null,
  nowMs: number,
  { reason, lease }: { reason: string; lease?: Lease | undefined },
  kept: StoredRecord | null = null,
): Transition<LeaseResult> {
  const body = readBody(record);
  if (body?.state === "expired") return { reply: ended };
  const phase = phaseOf(body, nowMs);
  const mine = body !== null && lease !== undefined && isLastHolder(body, lease);
  const open = phase === "unknown" || phase === "lapsed" || phase === "held";
  if (body === null || body.state === "settled" || !open || (phase === "held" && !mine)) {
    return { reply: lost(body, nowMs) };
  }
  if (lease !== undefined && !mine) return { reply: lost(body, nowMs) };
  const { evidence: _, unknownAtMs: __, valueUntilMs: ___, ...rest } = body;
  const payment = body.payment ?? { payload: "", refusals: 0 };
  const leaseUntilMs = Math.min(body.leaseUntilMs, nowMs);
  const write = recordOf({ ...rest, state: "expired", value: reason, leaseUntilMs, payment }, nowMs);
  return { write, ...(kept !== null && { writeKept: null }), reply: ended };
}
