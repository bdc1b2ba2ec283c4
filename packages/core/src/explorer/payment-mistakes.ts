// Payment machines and transitions that are wrong on purpose: the explorer must find each mistake.
import { claim, reconcile } from "../verification/claim.ts";
import { release } from "../verification/end.ts";
import { renew } from "../verification/hold.ts";
import { next } from "../verification/pay-machine/next.ts";
import type { PayEffect, PayEvent, PayMoved, PayState, StoreCall } from "../verification/pay-machine/state.ts";
import { deliver, expire, settle } from "../verification/settle.ts";
import { isLastHolder, phaseOf, readBody } from "../verification/verification-record.ts";
import type { PaymentRules, PaymentTransitions } from "./payment-world.ts";

type Next = PaymentRules["next"];
type WrongMachine =
  | "oneToken"
  | "neverUndelivers"
  | "settlesAfterLostSwitch"
  | "believesRefusals"
  | "answersTheDeparted"
  | "dropsReceipts"
  | "neverVerifiesAgain"
  | "tellsRejectionsWithoutLooking"
  | "swallowsAnswers"
  | "settlesOnSlowSwitch"
  | "freesWhatItReconciles";
type WrongTransition =
  | "anyoneReleases"
  | "claimsDoubt"
  | "renewsTheLapsed"
  | "receiptsNeedLease"
  | "forgetsEvidence"
  | "everyDeliveryIsFirst"
  | "handsKeptToAnyone"
  | "nothingIsKept"
  | "expiryFrees"
  | "forgetsWhatCameSecond";

/** The machine with changed store calls. */
function calling(change: (call: StoreCall, state: PayState) => StoreCall): Next {
  return (state, event, nowMs) => {
    const moved = next(state, event, nowMs);
    const effects = moved.effects.map(
      (effect): PayEffect => (effect.do === "store" ? { ...effect, call: change(effect.call, moved.state) } : effect),
    );
    const { calling: call } = moved.state;
    return {
      effects,
      state: call === undefined ? moved.state : { ...moved.state, calling: change(call, moved.state) },
    };
  };
}

/** The machine, given another event than the one that happened. */
function hearing(change: (event: PayEvent, state: PayState) => PayEvent): Next {
  return (state, event, nowMs) => next(state, change(event, state), nowMs);
}

/** Two moves as one. */
function then(first: PayMoved, event: PayEvent, nowMs: number, keep: (effect: PayEffect) => boolean): PayMoved {
  const second = next(first.state, event, nowMs);
  return { state: second.state, effects: [...first.effects.filter(keep), ...second.effects] };
}

const abandoned = (state: PayState, without: StoreCall["call"], { state: at, effects }: PayMoved): PayMoved => ({
  state: { ...at, at: "ended", calling: undefined, lease: state.lease },
  effects: effects.filter((effect) => effect.do !== "store" || effect.call.call !== without),
});

export const wrongMachines: Readonly<Record<WrongMachine, Next>> = {
  oneToken: calling((call, { input }) =>
    call.call === "claim" || call.call === "reconcile" ? { ...call, token: `${input.seed}:1` } : call,
  ),
  neverUndelivers: (state, event, nowMs) => {
    const moved = next(state, event, nowMs);
    return moved.state.at === "undeliver" && state.at !== "undeliver" ? abandoned(state, "undeliver", moved) : moved;
  },
  settlesAfterLostSwitch: (state, event, nowMs) => {
    const answered = state.at === "switch" && state.calling?.call === "renewForSettlement" && event.on === "ended";
    return next(state, answered ? { ...event, reply: { status: "ok" }, sentAtMs: nowMs } : event, nowMs);
  },
  believesRefusals: (state, event, nowMs) => {
    const moved = next(state, event, nowMs);
    const { at, step } = moved.state;
    if (at !== "findRefused" || state.at === "findRefused" || step === undefined) return moved;
    return then(moved, { on: "found", id: step.id, answer: "unknown" }, nowMs, (effect) => effect.do !== "step");
  },
  answersTheDeparted: (state, event, nowMs) => {
    const moved = next(state, event, nowMs);
    if (event.on !== "recorded" || event.reply.status !== "delivered" || state.caller !== "left") return moved;
    return { ...moved, effects: [...moved.effects, { do: "answer", answer: { status: "conflict" } }] };
  },
  dropsReceipts: (state, event, nowMs) => {
    const moved = next(state, event, nowMs);
    const late = event.on === "settled" && event.id === state.late && moved.state.at === "record";
    return late ? abandoned(state, "settle", moved) : moved;
  },
  neverVerifiesAgain: hearing((event) =>
    event.on === "claimed" && event.reply.status === "claimed"
      ? { ...event, reply: { status: "claimed", lease: event.reply.lease, via: event.reply.via } }
      : event,
  ),
  tellsRejectionsWithoutLooking: (state, event, nowMs) => {
    const moved = next(state, event, nowMs);
    if (state.at !== "verify" || moved.state.at !== "look") return moved;
    return then(moved, { on: "looked", reply: { status: "absent" } }, nowMs, (effect) => effect.do !== "store");
  },
  swallowsAnswers: (state, event, nowMs) => {
    const moved = next(state, event, nowMs);
    return { ...moved, effects: moved.effects.filter(({ do: kind }) => kind !== "answer") };
  },
  // The mistakes that the explorer found in the first version of the machine.
  settlesOnSlowSwitch: (state, event, nowMs) =>
    next(state, event, state.at === "switch" && event.on === "ended" ? event.sentAtMs : nowMs),
  freesWhatItReconciles: (state, event, nowMs) => {
    const reconciled = state.at === "reconcile" && event.on === "claimed" && state.caller === "left";
    return next(reconciled ? { ...state, at: "claim" } : state, event, nowMs);
  },
};

/** Names the record's holder, so the transition no longer checks which caller is calling. */
function asHolder<Request extends { lease: { token: string; fence: string } }>(
  record: Parameters<typeof renew>[0],
  request: Request,
): Request {
  const body = readBody(record);
  if (body === null) return request;
  return { ...request, lease: { ...request.lease, token: body.token, fence: `${body.fence}` } };
}

export const wrongTransitions: Readonly<Record<WrongTransition, Partial<PaymentTransitions>>> = {
  anyoneReleases: {
    release: (record, nowMs, request, kept) => release(record, nowMs, asHolder(record, request), kept),
  },
  claimsDoubt: {
    claim(record, nowMs, request, kept) {
      const body = readBody(record);
      if (record === null || phaseOf(body, nowMs) !== "unknown") return claim(record, nowMs, request, kept);
      const lapsed = { ...body, state: "in-progress", onLeaseExpiry: "retry", leaseUntilMs: nowMs };
      return claim({ ...record, body: lapsed }, nowMs, request, kept);
    },
  },
  renewsTheLapsed: {
    renew(record, nowMs, request) {
      const body = readBody(record);
      if (record === null || body?.state !== "in-progress") return renew(record, nowMs, request);
      return renew({ ...record, body: { ...body, leaseUntilMs: nowMs + 1 } }, nowMs, request);
    },
  },
  receiptsNeedLease: {
    settle(record, nowMs, request, kept) {
      const body = readBody(record);
      const holds = body !== null && request.lease !== undefined && isLastHolder(body, request.lease);
      return holds || body?.state === "delivered"
        ? settle(record, nowMs, request, kept)
        : { reply: { status: "lost", current: "unknown" } };
    },
  },
  forgetsEvidence: {
    reconcile(record, nowMs, request) {
      const moved = reconcile(record, nowMs, request);
      if (moved.reply.status !== "claimed") return moved;
      const { evidence: _, ...reply } = moved.reply;
      return { ...moved, reply };
    },
  },
  everyDeliveryIsFirst: {
    deliver(record, nowMs, delivery, kept) {
      const { reply, ...writes } = deliver(record, nowMs, delivery, kept);
      return { ...writes, reply: reply.status === "delivered" ? { ...reply, byYou: true } : reply };
    },
  },
  handsKeptToAnyone: {
    claim(record, nowMs, request, kept) {
      const body = readBody(record);
      if (body === null) return claim(record, nowMs, request, kept);
      const { collector } = body.payment ?? {};
      const payment = request.payment && { ...request.payment, collector };
      return claim(record, nowMs, { ...request, payment }, kept);
    },
  },
  nothingIsKept: { renew: (record, nowMs, { kept: _, ...request }) => renew(record, nowMs, request) },
  expiryFrees: {
    expire(record, nowMs, ending, kept) {
      const { lease } = ending;
      return lease === undefined ? expire(record, nowMs, ending, kept) : release(record, nowMs, { lease }, kept);
    },
  },
  forgetsWhatCameSecond: {
    deliver(record, nowMs, delivery, kept) {
      const moved = deliver(record, nowMs, delivery, kept);
      return readBody(record)?.state === "delivered" ? { reply: moved.reply } : moved;
    },
  },
};
