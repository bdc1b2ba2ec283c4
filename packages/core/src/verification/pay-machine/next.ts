// The payment machine: one pure function from the state and an event to the next state and the effects. It reads no
// clock and makes no promise. `pay-runner.ts` performs its effects, and the explorer runs it as it is.
import { closeRooms, isDelivery } from "./close.ts";
import { type Draft, extend, leaseOf, type Room, send } from "./machine.ts";
import { owedRooms } from "./owed.ts";
import { reachRooms } from "./reach.ts";
import type { PayEvent, PayInput, PayMoved, PayState, Place, StoreCall } from "./state.ts";
import { workRooms } from "./work.ts";

const rooms: Readonly<Record<Place, Room>> = { ...reachRooms, ...workRooms, ...owedRooms, ...closeRooms };

/** Places where a step runs under the lease, so the lease is renewed. */
const working: ReadonlySet<Place> = new Set<Place>([
  ...(["verifyAgain", "serve", "settle", "find", "findRefused", "read", "serveOwed"] as const),
]);
/** When a failed renewal, or evidence that was not kept, is sent again. */
const RESEND_MS = 250;

/**
 * At most one store call and one step are under way. The shared verification's own store calls do not count: they may
 * end beside the claim.
 */
export function startPayment(input: PayInput, nowMs: number): PayMoved {
  const state: PayState = {
    input,
    at: input.pastValidity ? "look" : "verify",
    startedAtMs: nowMs,
    attempts: 0,
    tokens: 0,
    steps: 0,
    caller: "waiting",
    refusals: 0,
    leaseLost: false,
    resent: false,
    receiptSaved: false,
    after: "nothing",
  };
  const draft: Draft = { s: { ...state }, out: [], nowMs, goes: true };
  return settled(draft);
}

/** `nowMs` is of a monotonic clock. An event that answers a call or a step must belong to an effect of this state. */
export function next(state: PayState, event: PayEvent, nowMs: number): PayMoved {
  const draft: Draft = { s: { ...state }, out: [], nowMs, goes: false };
  hear(draft, event);
  return settled(draft);
}

/** The next instant at which `{ on: "time" }` changes something. Undefined where only an answer can. */
export function wakeAtMs(s: PayState): number | undefined {
  const room = rooms[s.at];
  const idle = s.calling === undefined;
  const instants = [
    s.step?.deadlineMs,
    s.lease !== undefined && !s.leaseLost && room.leaseLost !== undefined ? s.lease.untilMs : undefined,
    idle && renews(s) ? s.lease?.renewAtMs : undefined,
    idle ? s.retry?.atMs : undefined,
    idle && s.retry !== undefined ? s.giveUpAtMs : undefined,
    idle && notes(s) ? s.evidence?.retryAtMs : undefined,
  ];
  const known = instants.filter((instant) => instant !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

const renews = (s: PayState) => working.has(s.at) && s.step !== undefined && s.lease !== undefined && !s.leaseLost;
const notes = (s: PayState) => s.at === "settle" && s.evidence?.saved === false && !s.leaseLost;

function hear(draft: Draft, event: PayEvent) {
  const { s } = draft;
  switch (event.on) {
    case "looked":
    case "claimed":
    case "ended":
    case "recorded":
    case "failed":
      return answered(draft, event);
    case "verified":
    case "served":
    case "settled":
    case "found":
    case "read":
    case "threw":
      return stepped(draft, event);
    case "note":
      return noted(draft, event);
    case "aborted":
      if (s.caller !== "waiting") return;
      s.caller = "left";
      break;
    case "waited":
      if (s.at !== "wait") return;
      break;
    case "time":
      return;
  }
  rooms[s.at].on?.(draft, event, undefined);
}

type Answered = Extract<PayEvent, { on: "looked" | "claimed" | "ended" | "recorded" | "failed" }>;

function answered(draft: Draft, event: Answered) {
  const { s } = draft;
  const call = s.calling;
  s.calling = undefined;
  if (call?.call === "renew" && call.kept === undefined) return renewed(draft, event);
  if (call?.call === "note") return kept(draft, event, call.evidence);
  if (s.queued !== undefined) return overtaken(draft, event, call);
  if (event.on !== "failed") s.retry = undefined;
  rooms[s.at].on?.(draft, event, call);
}

/** The answer to a call of the previous place: only what it tells of the record counts. */
function overtaken({ s }: Draft, event: Answered, call: StoreCall | undefined) {
  if (event.on === "recorded" && event.reply.status !== "lost") s.receiptSaved = true;
  if (event.on === "failed" && event.mayHaveRun && call !== undefined && isDelivery(call)) s.maybeDelivered = true;
}

/** A renewal that fails proves nothing; the lease's end decides. */
function renewed(draft: Draft, event: Answered) {
  const { s, nowMs } = draft;
  if (event.on === "ended" && event.reply.status === "ok") return extend(draft, event.sentAtMs);
  if (event.on === "ended") return loseLease(draft);
  if (s.lease !== undefined) s.lease = { ...s.lease, renewAtMs: nowMs + Math.min(RESEND_MS, s.input.leaseMs / 3) };
}

function loseLease(draft: Draft) {
  if (draft.s.leaseLost || draft.s.lease === undefined) return;
  draft.s.leaseLost = true;
  rooms[draft.s.at].leaseLost?.(draft);
}

function stepped(draft: Draft, event: Extract<PayEvent, { id: number }>) {
  const { s } = draft;
  if (event.id === s.late && (event.on === "settled" || event.on === "threw")) {
    s.lateAnswer = event.on === "settled" ? event.answer : "unclear";
    if (s.at === "late") rooms.late.on?.(draft, event, undefined);
    return;
  }
  if (event.id !== s.step?.id) return;
  s.step = undefined;
  rooms[s.at].on?.(draft, event, undefined);
}

function noted(draft: Draft, { id, noteId, evidence }: Extract<PayEvent, { on: "note" }>) {
  const { s, out, nowMs } = draft;
  if (s.step?.id !== id || !maySettle(draft)) {
    out.push({ do: "noted", ids: [noteId], error: "lost" });
    return;
  }
  s.evidence = { text: evidence, saved: false, retryAtMs: nowMs, waiters: [...(s.evidence?.waiters ?? []), noteId] };
}

/** Whether settle may go on: it runs, under a live lease. */
const maySettle = ({ s, nowMs }: Draft) => s.at === "settle" && !s.leaseLost && nowMs < (s.lease?.untilMs ?? 0);

/** The store's answer to a note. A store that cannot be reached is no reason to give up a running settlement. */
function kept(draft: Draft, event: Answered, text: string) {
  const { s, out, nowMs } = draft;
  const { evidence } = s;
  if (event.on === "ended" && event.reply.status === "lost") {
    if (evidence !== undefined) out.push({ do: "noted", ids: evidence.waiters, error: "lost" });
    s.evidence = evidence && { ...evidence, waiters: [] };
    return loseLease(draft);
  }
  if (evidence === undefined) return;
  // Newer evidence has come meanwhile. It is sent next, and the waiting notes wait for it.
  if (evidence.text !== text) return;
  if (event.on === "failed" && !event.unavailable) {
    out.push({ do: "noted", ids: evidence.waiters, error: event.error });
    s.evidence = undefined;
    return;
  }
  const saved = event.on !== "failed";
  out.push({ do: "noted", ids: evidence.waiters, ...(!maySettle(draft) && { error: "lost" }) });
  s.evidence = { ...evidence, saved, retryAtMs: nowMs + RESEND_MS, waiters: [] };
}

/** Runs entries and due work, until only an answer or a later instant can change anything. */
function settled(draft: Draft): PayMoved {
  for (;;) {
    if (draft.goes) {
      draft.goes = false;
      rooms[draft.s.at].enter(draft);
    } else if (!due(draft)) break;
  }
  return { state: draft.s, effects: draft.out };
}

/** Does the first thing that is due. False where nothing is. */
function due(draft: Draft): boolean {
  const { s, nowMs, out } = draft;
  if (s.lease !== undefined && !s.leaseLost && nowMs >= s.lease.untilMs) {
    loseLease(draft);
    return true;
  }
  if (s.step?.deadlineMs !== undefined && nowMs >= s.step.deadlineMs) {
    rooms[s.at].late?.(draft);
    return true;
  }
  if (s.evidence !== undefined && s.evidence.waiters.length > 0 && s.at !== "settle") {
    // Settle has answered, so its notes succeed; they fail where the settlement was given up.
    const givenUp = s.leaseLost || s.late !== undefined;
    out.push({ do: "noted", ids: s.evidence.waiters, ...(givenUp && { error: "lost" }) });
    s.evidence = { ...s.evidence, waiters: [] };
    return true;
  }
  if (s.calling !== undefined) return false;
  const call = nextCall(draft);
  if (call === "gave up") {
    s.retry = undefined;
    rooms[s.at].gaveUp?.(draft);
    return true;
  }
  if (call === undefined) return false;
  send(draft, call);
  return true;
}

/** The store call that is due; the place's own comes first. */
function nextCall(draft: Draft): StoreCall | "gave up" | undefined {
  const { s, nowMs } = draft;
  if (s.queued !== undefined) {
    const { queued } = s;
    s.queued = undefined;
    return queued;
  }
  if (s.retry !== undefined) {
    // A call that was due before is still made, however late: a suspended process gives nothing up untried.
    if (s.giveUpAtMs !== undefined && nowMs >= s.giveUpAtMs && s.retry.atMs >= s.giveUpAtMs) return "gave up";
    if (nowMs >= s.retry.atMs) return s.retry.call;
  }
  if (notes(s) && s.evidence !== undefined && nowMs >= s.evidence.retryAtMs) {
    return { call: "note", lease: leaseOf(draft), evidence: s.evidence.text };
  }
  if (renews(s) && nowMs >= (s.lease?.renewAtMs ?? 0)) return { call: "renew", lease: leaseOf(draft) };
  return undefined;
}
