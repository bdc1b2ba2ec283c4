// The payment machine where it ends something: records a receipt and a delivery, releases a lease, records doubt.
import {
  again,
  answer,
  type Draft,
  finish,
  goTo,
  leaseOf,
  newToken,
  pending,
  proceed,
  type Room,
  report,
  retryLater,
  STEP_LEASES,
  send,
  UNDELIVER_LEASES,
} from "./machine.ts";
import { afterOwed, duplicate, keepable, shrink } from "./owed.ts";
import type { PayEvent, StoreCall } from "./state.ts";

/** Records the receipt and, where wanted, the delivery. Where the receipt is on record already, only the delivery. */
const record: Room = {
  enter(draft) {
    const { s, nowMs } = draft;
    s.giveUpAtMs = nowMs + STEP_LEASES * s.input.leaseMs;
    send(draft, recordCall(draft));
  },
  on(draft, event, call) {
    const { s } = draft;
    // A receipt without a delivery is recorded whether or not the caller still waits.
    if (event.on === "aborted" && s.calling === undefined && s.delivery !== undefined) return unheard(draft);
    if (event.on === "failed") return recordFailed(draft, event, call);
    if (event.on !== "recorded") return;
    const { reply } = event;
    s.receiptSaved = reply.status !== "lost";
    if (reply.status === "lost") {
      // A lost delivery: the record is gone or free, so it is settled anew with its receipt. A lost receipt: the record
      // is bound to another purchase by now. The receipt is recorded there, and the next claim tells the rest.
      if (call?.call === "settle") return proceed(draft, "again");
      return retryLater(draft, recordCall(draft));
    }
    if (reply.wasExpired === true) report(draft, "receipt-after-expiry");
    if (reply.receipt !== s.receipt) report(draft, "second-receipt");
    // The next claim decides which caller may have it.
    if (s.after === "again") return proceed(draft, "again");
    if (reply.status === "delivered") return recordedDelivered(draft, reply);
    if (s.delivery !== undefined && s.caller === "waiting") {
      // It came second to a delivery that was taken back since. With another token it may be the first.
      s.delivery = newToken(draft);
      s.maybeDelivered = undefined;
      return retryLater(draft, recordCall(draft));
    }
    afterOwed(draft);
  },
  gaveUp: unheard,
};

function recordCall(draft: Draft): StoreCall {
  const { s } = draft;
  const kept = s.made?.kept;
  const deliver = s.delivery === undefined ? undefined : { token: s.delivery, ...(kept !== undefined && { kept }) };
  if (s.receiptSaved && deliver !== undefined) return { call: "deliver", ...deliver };
  // A lease that goes on lets the result still be kept.
  const goesOn = deliver === undefined && keepable(s) && s.lease !== undefined && !s.leaseLost;
  const lease = goesOn ? leaseOf(draft) : undefined;
  return {
    ...{ call: "settle", receipt: s.receipt ?? "" },
    ...(lease !== undefined && { lease }),
    ...(deliver !== undefined && { deliver }),
  };
}

function recordedDelivered(draft: Draft, reply: { byYou: boolean; receipt: string; kept?: string }) {
  const { s } = draft;
  if (!reply.byYou) return finish(draft, duplicate(reply));
  if (s.caller !== "waiting") return goTo(draft, "undeliver");
  finish(draft, { status: "paid", fresh: true, receipt: s.receipt ?? reply.receipt });
}

function recordFailed(draft: Draft, event: Extract<PayEvent, { on: "failed" }>, call: StoreCall | undefined) {
  const { s } = draft;
  if (event.tooLarge && shrink(draft)) return send(draft, recordCall(draft));
  if (event.mayHaveRun && call !== undefined && isDelivery(call)) s.maybeDelivered = true;
  if (!event.unavailable) {
    report(draft, s.receiptSaved ? "owed" : "in-doubt");
    return proceed(draft, { fail: event.error });
  }
  if (s.caller !== "waiting" && s.delivery !== undefined) return unheard(draft);
  retryLater(draft, recordCall(draft));
}

export function isDelivery(call: StoreCall): boolean {
  return call.call === "deliver" || (call.call === "settle" && call.deliver !== undefined);
}

/**
 * The caller will not hear of this delivery. It is taken back if it may have run, and the receipt is recorded alone.
 */
function unheard(draft: Draft) {
  const { s } = draft;
  answer(draft, pending);
  if (s.maybeDelivered === true) return goTo(draft, "undeliver");
  const alone = s.delivery === undefined;
  s.delivery = undefined;
  if (s.receiptSaved) return afterOwed(draft);
  // Without the delivery it is tried for as long again. After that the next caller asks findSettlement.
  if (alone) {
    report(draft, "in-doubt");
    return proceed(draft, "nothing");
  }
  s.after = "nothing";
  goTo(draft, "record");
}

const undeliver: Room = {
  enter(draft) {
    const { s, nowMs } = draft;
    // Without a kept result the record would otherwise say that the payer has it: an outage is sat out.
    s.giveUpAtMs = nowMs + UNDELIVER_LEASES * s.input.leaseMs;
    send(draft, undeliverCall(draft));
  },
  on(draft, event) {
    const { s } = draft;
    if (event.on === "failed" && event.unavailable) return retryLater(draft, undeliverCall(draft), s.input.leaseMs);
    if (event.on !== "ended" && event.on !== "failed") return;
    s.maybeDelivered = undefined;
    s.delivery = undefined;
    s.after = "nothing";
    if (!s.receiptSaved) return goTo(draft, "record");
    afterOwed(draft);
  },
  gaveUp(draft) {
    report(draft, "delivery-unheard");
    proceed(draft, "nothing");
  },
};

function undeliverCall({ s }: Draft): StoreCall {
  return { call: "undeliver", token: s.delivery ?? "" };
}

/** Releases the lease. A rejection is told only where the store confirms in time that the payment is free again. */
const release: Room = {
  enter(draft) {
    untilLeaseEnds(draft);
    send(draft, releaseCall(draft));
  },
  on(draft, event) {
    const { s, nowMs } = draft;
    if (event.on === "ended") {
      if (!rejects(draft)) return proceed(draft, s.after);
      if (event.reply.status === "lost") return again(draft);
      // The answer came after the lease's end: another caller may have paid meanwhile.
      return proceed(draft, nowMs < (s.lease?.untilMs ?? 0) ? s.after : pending);
    }
    if (event.on !== "failed") return;
    // Best effort: a lease that is not released ends by itself, and then means the same or more.
    if (!rejects(draft)) return proceed(draft, s.after);
    if (!event.unavailable) return finish(draft, pending);
    retryLater(draft, releaseCall(draft));
  },
  gaveUp: (draft) => finish(draft, pending),
};

/** Whether the caller is to hear that the payment is refused. */
function rejects({ s }: Draft): boolean {
  const { after, refusal } = s;
  return refusal !== undefined || (typeof after === "object" && "status" in after && after.status === "rejected");
}

/** For calls that the lease alone allows: retries end with the lease. */
function untilLeaseEnds({ s, nowMs }: Draft) {
  s.giveUpAtMs = s.leaseLost ? nowMs : (s.lease?.untilMs ?? nowMs);
}

function releaseCall(draft: Draft): StoreCall {
  return { call: "release", lease: leaseOf(draft), refused: draft.s.refusal !== undefined };
}

/** No settlement will come: the payment is rejected from now on. */
const expire: Room = {
  enter(draft) {
    untilLeaseEnds(draft);
    send(draft, expireCall(draft));
  },
  on(draft, event) {
    const { s } = draft;
    if (event.on === "failed") {
      if (!event.unavailable) return finish(draft, pending);
      return retryLater(draft, expireCall(draft));
    }
    if (event.on !== "ended") return;
    if (event.reply.status === "lost") return again(draft);
    report(draft, "expired");
    finish(draft, { status: "rejected", reason: s.reason ?? "" });
  },
  gaveUp: (draft) => finish(draft, pending),
};

function expireCall(draft: Draft): StoreCall {
  return { call: "expire", lease: leaseOf(draft), reason: draft.s.reason ?? "" };
}

/**
 * The lease would end in doubt by itself. Marking it keeps the evidence, and lets the next caller reconcile at once.
 */
const markUnknown: Room = {
  enter(draft) {
    const { s, nowMs } = draft;
    // Late too: the last holder may always say that it does not know.
    s.giveUpAtMs = nowMs + s.input.leaseMs;
    send(draft, markCall(draft));
  },
  on(draft, event) {
    const { s } = draft;
    if (event.on === "failed" && event.unavailable) {
      if (s.after !== "again" && s.after !== "nothing" && !("fail" in s.after)) answer(draft, s.after);
      return retryLater(draft, markCall(draft));
    }
    if (event.on === "ended" || event.on === "failed") proceed(draft, s.after);
  },
  gaveUp: (draft) => proceed(draft, draft.s.after),
};

function markCall(draft: Draft): StoreCall {
  const { evidence } = draft.s;
  return {
    call: "markUnknown",
    lease: leaseOf(draft),
    ...(evidence !== undefined && { evidence: evidence.text }),
  };
}

/** A settle that was given up may still bring its receipt. */
const late: Room = {
  enter: heardLate,
  on: heardLate,
};

function heardLate(draft: Draft) {
  const { s } = draft;
  const { lateAnswer } = s;
  if (lateAnswer === undefined) return;
  s.late = undefined;
  if (lateAnswer === "unclear" || !lateAnswer.ok) return goTo(draft, "ended");
  s.receipt = lateAnswer.receipt;
  s.receiptSaved = false;
  s.delivery = undefined;
  s.made = undefined;
  s.lease = undefined;
  s.after = "nothing";
  goTo(draft, "record");
}

const ended: Room = { enter() {} };

export const closeRooms: Readonly<
  Record<"record" | "undeliver" | "release" | "expire" | "markUnknown" | "late" | "ended", Room>
> = {
  ...{ record, undeliver, release, expire, markUnknown, late, ended },
};
