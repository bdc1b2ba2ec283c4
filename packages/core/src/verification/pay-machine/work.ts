// The payment machine under a lease: serve, switch to the settlement, settle, and find out.
import {
  again,
  type Draft,
  dropStep,
  endBy,
  extend,
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
  STEP_LEASES,
  send,
} from "./machine.ts";
import type { PayEvent } from "./state.ts";

const remotely = ({ s }: Draft) => STEP_LEASES * s.input.leaseMs;

/** The lease was lost before anything moved: its work is now another caller's. */
function startAnew(draft: Draft) {
  dropStep(draft, "lease");
  again(draft);
}

/** After a refused settlement the payload is verified anew: under the lease, so by one caller at a time. */
const verifyAgain: Room = {
  enter: (draft) => runStep(draft, { step: "verify", refusals: draft.s.refusals }),
  on(draft, event) {
    const { s } = draft;
    if (event.on === "aborted") return endBy(draft, "release", "nothing");
    if (event.on === "threw") return endBy(draft, "release", { fail: event.error });
    if (event.on !== "verified") return;
    const { result } = event;
    switch (result.status) {
      case "accepted":
        s.verified = s.refusals;
        return goTo(draft, s.input.order === "serve-then-settle" ? "serve" : "switch");
      case "rejected": {
        const { used, reason } = result;
        return endBy(draft, "release", used ? { status: "conflict" } : { status: "rejected", reason });
      }
      case "mismatch":
        return endBy(draft, "release", { status: "conflict" });
      case "pending":
        return endBy(draft, "release", result);
    }
  },
  leaseLost: startAnew,
};

/** An abort is passed to the step, which answers it. So no second step runs beside it, unless it does not answer. */
const serve: Room = {
  enter: (draft) => runStep(draft, { step: "serve", fence: fenceOf(draft) }),
  on(draft, event) {
    const { s, out } = draft;
    if (event.on === "aborted" && s.step !== undefined) {
      out.push({ do: "stop", id: s.step.id, why: "caller" });
      return limitStep(draft);
    }
    if (event.on === "threw") {
      return endBy(draft, "release", s.caller === "waiting" ? { fail: event.error } : "nothing");
    }
    if (event.on !== "served") return;
    s.made = event.kept === undefined ? {} : { kept: event.kept };
    if (s.caller !== "waiting") return endBy(draft, "release", "nothing");
    goTo(draft, "switch");
  },
  leaseLost: startAnew,
  late(draft) {
    dropStep(draft, "deadline");
    endBy(draft, "release", "nothing");
  },
};

/** From here on an expired lease means doubt. The same write keeps the result, before any money moves. */
const switchOver: Room = {
  enter: sendSwitch,
  on(draft, event) {
    const { s } = draft;
    if (event.on === "aborted" && s.calling === undefined) return endBy(draft, "release", "nothing");
    if (event.on === "failed") {
      if (event.tooLarge && s.made?.kept !== undefined) {
        s.made = {};
        return sendSwitch(draft);
      }
      s.after = { fail: event.error };
      if (s.caller !== "waiting") return endBy(draft, "release", "nothing");
      if (!event.unavailable) return endBy(draft, "release", s.after);
      return retryLater(draft, switchCall(draft));
    }
    if (event.on !== "ended") return;
    if (event.reply.status === "lost") return again(draft);
    s.made = s.made && { ...s.made, saved: true };
    extend(draft, event.sentAtMs);
    if (s.caller !== "waiting") return endBy(draft, "release", "nothing");
    // The answer came after the lease's end. Nothing was sent to settle, and nothing may be any more.
    if (s.lease !== undefined && draft.nowMs >= s.lease.untilMs) return endBy(draft, "release", "again");
    goTo(draft, "settle");
  },
  /** Nothing was sent to settle. Where the store cannot be reached, its error goes to the caller. */
  leaseLost(draft) {
    const { after } = draft.s;
    if (typeof after === "object" && "fail" in after && draft.s.retry !== undefined) {
      // The switch may have run all the same: then the lease's end is doubt.
      report(draft, "in-doubt");
      return proceed(draft, after);
    }
    again(draft);
  },
};

function switchCall(draft: Draft) {
  const kept = draft.s.made?.kept;
  return { call: "renewForSettlement", lease: leaseOf(draft), ...(kept !== undefined && { kept }) } as const;
}

function sendSwitch(draft: Draft) {
  send(draft, switchCall(draft));
}

/** The money moves. Any answer but a clear yes or a clear no is doubt. */
const settle: Room = {
  enter(draft) {
    draft.s.evidence = undefined;
    runStep(draft, { step: "settle", fence: fenceOf(draft) }, remotely(draft));
  },
  on(draft, event) {
    if (event.on === "threw") return doubt(draft);
    if (event.on !== "settled") return;
    if (event.answer === "unclear") return doubt(draft);
    if (event.answer.ok) return gotReceipt(draft, event.answer.receipt);
    const { reason, used } = event.answer;
    draft.s.refusal = { reason, used };
    goTo(draft, "findRefused");
  },
  leaseLost: (draft) => abandon(draft, "lease"),
  late: (draft) => abandon(draft, "deadline"),
};

/** The settlement goes on by itself. A receipt that it still brings is recorded. */
function abandon(draft: Draft, why: "lease" | "deadline") {
  draft.s.late = draft.s.step?.id;
  dropStep(draft, why);
  doubt(draft);
}

function doubt(draft: Draft) {
  report(draft, "in-doubt");
  endBy(draft, "markUnknown", pending);
}

function gotReceipt(draft: Draft, receipt: string) {
  const { s } = draft;
  s.receipt = receipt;
  s.refusal = undefined;
  // A caller that left is served when it asks again.
  if (s.caller === "waiting") {
    if (s.input.order === "settle-then-serve") return goTo(draft, "serveOwed");
    // The result was made in this attempt, so receipt and delivery are one call.
    s.delivery = newToken(draft);
  }
  endBy(draft, "record", "nothing");
}

/** Runs before a refusal is believed: an earlier attempt, or this one, may have moved the money all the same. */
const findRefused: Room = {
  enter: find,
  on(draft, event) {
    const { s } = draft;
    const answer = foundIn(event);
    if (answer === undefined) return;
    const { reason, used } = s.refusal ?? { reason: "", used: false };
    // Only a clear "unknown" lets the refusal stand. Without an answer from findSettlement nothing is proven.
    if (answer === "unclear" || (answer === "unknown" && used)) return doubt(draft);
    if (answer === "unknown") return endBy(draft, "release", { status: "rejected", reason });
    if ("receipt" in answer) return gotReceipt(draft, answer.receipt);
    s.reason = reason;
    goTo(draft, "expire");
  },
  leaseLost: unfound,
  late: (draft) => unanswered(draft, findRefused),
};

/** Reconciles a payment in doubt. */
const findOut: Room = {
  enter: find,
  on(draft, event) {
    const { s } = draft;
    const answer = foundIn(event);
    if (answer === undefined) return;
    if (answer === "unknown" || answer === "unclear") return doubt(draft);
    if ("none" in answer) {
      s.reason = answer.none;
      return goTo(draft, "expire");
    }
    report(draft, "recovered");
    s.receipt = answer.receipt;
    // Now it is owed. The next claim decides which caller may have it.
    endBy(draft, "record", "again");
  },
  leaseLost: unfound,
  late: (draft) => unanswered(draft, findOut),
};

function find(draft: Draft) {
  const { found = {}, evidence, input } = draft.s;
  const reference = found.reference ?? input.reference;
  const hint = evidence?.text ?? found.evidence;
  runStep(
    draft,
    {
      ...{ step: "find", fence: fenceOf(draft) },
      ...(hint !== undefined && { evidence: hint }),
      ...(reference !== undefined && { reference }),
    },
    remotely(draft),
  );
}

function foundIn(event: PayEvent) {
  if (event.on === "threw") return "unclear";
  return event.on === "found" ? event.answer : undefined;
}

function unanswered(draft: Draft, room: Room) {
  const id = draft.s.step?.id ?? -1;
  dropStep(draft, "deadline");
  room.on?.(draft, { on: "found", id, answer: "unclear" }, undefined);
}

/** The lease is gone, so nothing can be recorded. The payment is in doubt by itself. */
function unfound(draft: Draft) {
  dropStep(draft, "lease");
  report(draft, "in-doubt");
  finish(draft, pending);
}

export const workRooms: Readonly<Record<"verifyAgain" | "serve" | "switch" | "settle" | "findRefused" | "find", Room>> =
  {
    ...{ verifyAgain, serve, switch: switchOver, settle },
    ...{ findRefused, find: findOut },
  };
