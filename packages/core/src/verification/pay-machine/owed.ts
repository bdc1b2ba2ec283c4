// The payment machine where a payment is owed: the result is read or made, and kept where its caller has left.
import { cutReceipt, isCutReceipt } from "../verification-arguments.ts";
import {
  type Draft,
  dropStep,
  endBy,
  fenceOf,
  finish,
  goTo,
  leaseOf,
  limitStep,
  newToken,
  pending,
  proceed,
  type Room,
  report,
  retryLater,
  runStep,
  send,
} from "./machine.ts";
import type { Answer, PayState } from "./state.ts";

/** Reads the kept text of an owed payment back into its result. */
const read: Room = {
  enter: (draft) => runStep(draft, { step: "read", text: draft.s.kept ?? "" }),
  on(draft, event) {
    const { s } = draft;
    if (event.on !== "read" && event.on !== "threw") return;
    if (event.on === "threw" || !event.ok) return goTo(draft, "serveOwed");
    s.after = "nothing";
    if (s.caller !== "waiting") return afterOwed(draft);
    s.delivery = newToken(draft);
    goTo(draft, "record");
  },
  leaseLost: owedAnew,
};

/** A lease lost after the settlement: the receipt is recorded once more, because the record itself may be lost. */
function owedAnew(draft: Draft) {
  dropStep(draft, "lease");
  endBy(draft, "record", "again");
}

/**
 * Paid for, so the result is made however long it takes, as long as its caller waits. If the caller leaves, the step has
 * three leases to end, so that its result is kept for the next one. A throw leaves it owed to the next caller.
 */
const serveOwed: Room = {
  enter(draft) {
    const { s } = draft;
    runStep(draft, { step: "serve", fence: fenceOf(draft) });
    if (!s.receiptSaved) sendReceipt(draft);
  },
  on(draft, event) {
    const { s } = draft;
    if (event.on === "aborted") return limitStep(draft);
    if (event.on === "threw") {
      s.after = { fail: event.error };
      return s.receiptSaved ? afterOwed(draft) : goTo(draft, "record");
    }
    if (event.on === "served") return servedOwed(draft, event.kept);
    if (event.on === "failed" && event.tooLarge && shrink(draft)) return sendReceipt(draft);
    if (event.on === "failed" && event.unavailable) return retryLater(draft, receiptCall(draft));
    if (event.on !== "recorded") return;
    if (event.reply.status !== "lost") s.receiptSaved = true;
    if (event.reply.status !== "delivered") return;
    // Another instance found the receipt and delivered first.
    dropStep(draft, "lease");
    finish(draft, duplicate(event.reply));
  },
  leaseLost: owedAnew,
  late(draft) {
    const { s } = draft;
    dropStep(draft, "deadline");
    s.after = "nothing";
    if (s.receiptSaved) return afterOwed(draft);
    goTo(draft, "record");
  },
};

/** Too large for the store: of the kept text and the receipt, the larger is left out or cut to its hash. */
export function shrink(draft: Draft): boolean {
  const { s } = draft;
  const { made, receipt = "" } = s;
  const cut = isCutReceipt(receipt);
  if (made?.kept !== undefined && (cut || Buffer.byteLength(made.kept) >= Buffer.byteLength(receipt))) {
    s.made = {};
    return true;
  }
  if (cut) return false;
  // The money has moved, so a receipt that cannot be kept is cut, and the cut is reported.
  s.receipt = cutReceipt(receipt);
  report(draft, "receipt-cut");
  return true;
}

function receiptCall(draft: Draft) {
  return { call: "settle", receipt: draft.s.receipt ?? "", lease: leaseOf(draft) } as const;
}

function sendReceipt(draft: Draft) {
  send(draft, receiptCall(draft));
}

function servedOwed(draft: Draft, kept: string | undefined) {
  const { s } = draft;
  s.made = kept === undefined ? {} : { kept };
  if (s.caller === "waiting") {
    s.delivery = newToken(draft);
    return endBy(draft, "record", "nothing");
  }
  if (!s.receiptSaved) return endBy(draft, "record", "nothing");
  s.after = "nothing";
  afterOwed(draft);
}

/** The caller has left: the result is kept for the next one. */
const keepOwed: Room = {
  enter(draft) {
    const { kept = "" } = draft.s.made ?? {};
    send(draft, { call: "renew", lease: leaseOf(draft), kept });
  },
  on(draft, event) {
    if (event.on === "ended" || event.on === "failed") goTo(draft, "release");
  },
  leaseLost: (draft) => proceed(draft, draft.s.after),
};

/** The payment stays owed. The next caller need not wait for the lease to end. */
export function afterOwed(draft: Draft): void {
  const { s } = draft;
  const { after } = s;
  report(draft, "owed");
  const failed = typeof after === "object" && "fail" in after;
  s.after = failed || s.caller !== "waiting" ? after : pending;
  if (s.lease === undefined || s.leaseLost) proceed(draft, s.after);
  else goTo(draft, keepable(s) ? "keepOwed" : "release");
}

/** Whether the result can be kept for the next caller, and is not kept yet. */
export function keepable({ made }: PayState): boolean {
  return made?.kept !== undefined && made.saved !== true;
}

/** The answer for a caller that comes after the delivery. */
export function duplicate({ receipt, kept }: { receipt: string; kept?: string }): Answer {
  return { status: "paid", fresh: false, receipt, ...(kept !== undefined && { kept }) };
}

export const owedRooms: Readonly<Record<"read" | "serveOwed" | "keepOwed", Room>> = { read, serveOwed, keepOwed };
