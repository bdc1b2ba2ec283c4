// Model: callers of payOnce for one payment, each with a payment machine, in every interleaving and under every fault.
import { claim, reconcile } from "../verification/claim.ts";
import { markUnknown, release } from "../verification/end.ts";
import { note, renew } from "../verification/hold.ts";
import { next, startPayment, wakeAtMs } from "../verification/pay-machine/next.ts";
import type { PayEvent } from "../verification/pay-machine/state.ts";
import { look } from "../verification/peek.ts";
import { deliver, expire, settle, undeliver } from "../verification/settle.ts";
import { phaseOf, readBody } from "../verification/verification-record.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Model, Move } from "./explore.ts";
import { tell, withStarted } from "./payment-caller.ts";
import { canonicalPayment } from "./payment-canonical.ts";
import { undelivered } from "./payment-delivery.ts";
import { foundBy } from "./payment-found.ts";
import { operatorMoves } from "./payment-operator.ts";
import { faulty, stepMoves } from "./payment-steps.ts";
import { applied, isSpent, isTooLarge, labelOf, tooLarge } from "./payment-store.ts";
import {
  type Calling,
  callerAt,
  type Fault,
  leaseMs,
  nameOf,
  type PaymentRules,
  type PaymentTransitions,
  type PaymentWorld,
  type Presented,
  type Sent,
  startMs,
  withCaller,
} from "./payment-world.ts";
import type { Budgets } from "./world.ts";

const everyFault: readonly Fault[] = ["abort", "slow", "fail", "delay", "twice", "away", "seller", "verifier"];

export interface PaymentOptions extends Partial<Omit<PaymentRules, "on" | "callers">> {
  readonly on?: Partial<PaymentTransitions>;
  /** Default: two callers that present the same. */
  readonly callers?: readonly Partial<Presented>[];
}

const presented: Presented = { order: "serve-then-settle", fingerprint: "page", payload: "payload" };

export function rulesOf({ on, callers = [{}, {}], ...rules }: PaymentOptions): PaymentRules {
  return {
    ...{
      operator: false,
      found: "nothing",
      renews: false,
      keeps: "always",
      notes: false,
      tooLarge: "nothing",
      idempotent: false,
      faults: everyFault,
    },
    ...{ next, start: startPayment },
    ...rules,
    callers: callers.map((caller) => ({ ...presented, ...caller })),
    on: {
      ...{ claim, reconcile, renew, note, release, markUnknown, settle, deliver, undeliver, expire, look },
      ...on,
    },
  };
}

export function paymentModel(options: PaymentOptions, budgets: Budgets): Model<PaymentWorld> {
  const rules = rulesOf(options);
  const delivers = undelivered(rules);
  const [first = presented] = rules.callers;
  let initial: PaymentWorld = {
    ...{ nowMs: startMs, backMs: 0 },
    ...{ callers: [], strays: [], left: budgets },
    ...foundBy(first, rules.found, startMs),
    operator: { at: rules.operator ? "idle" : "done" },
    ...{ away: false, fresh: 0, handedOver: false, none: false, broken: null },
  };
  for (const [index, by] of rules.callers.entries()) {
    initial = withStarted(initial, rules, by, nameOf(index));
    const verifying = callerAt(initial, index).step;
    // An acceptance changes nothing for the others, and its time does not matter. So it comes first.
    if (verifying === undefined || rules.faults.includes("verifier")) continue;
    const accepted = { on: "verified", id: verifying.id, result: { status: "accepted" } } as const;
    initial = tell(initial, rules, index, accepted);
  }
  const alike = rules.callers.every((caller) => canonicalJson(caller) === canonicalJson(first));
  return {
    initial,
    name: (world) => canonicalPayment(world, { alike, back: rules.faults.includes("back") }),
    moves: (world) => [
      ...world.callers.flatMap((_, index) => callerMoves(world, rules, index)),
      ...operatorMoves(world, rules),
      ...ledgerMoves(world),
      ...strayMoves(world, rules),
      ...storeMoves(world, rules),
      ...clockMoves(world, rules),
    ],
    invariant: (world) => world.broken ?? delivers(world),
  };
}

function callerMoves(world: PaymentWorld, rules: PaymentRules, index: number): Move<PaymentWorld>[] {
  const { machine, calling, waiting, left, told } = callerAt(world, index);
  const name = nameOf(index);
  const moves: Move<PaymentWorld>[] = [];
  const hears = (does: string, from: PaymentWorld, event: PayEvent) =>
    moves.push({ label: `${name} ${does}`, next: tell(from, rules, index, event) });
  if (calling !== undefined) moves.push(...callMoves(world, rules, index, calling));
  moves.push(...stepMoves(world, rules, index));
  if (waiting) hears("has waited", world, { on: "waited" });
  if ((wakeAtMs(machine) ?? Number.POSITIVE_INFINITY) <= world.nowMs) hears("hears the time", world, { on: "time" });
  const aborting = left || told !== undefined ? null : faulty(world, rules, "abort");
  if (aborting !== null) hears("leaves", aborting, { on: "aborted" });
  return moves;
}

/** Calls for which it matters whether a failed call may have run. */
const tells: ReadonlySet<string> = new Set(["peek", "claim", "reconcile", "settle", "deliver"]);

/** The outcomes of a call under way. A call whose answer is lost is modelled as one that is delayed, and arrives. */
function callMoves(world: PaymentWorld, rules: PaymentRules, index: number, calling: Calling): Move<PaymentWorld>[] {
  const { call, sentAtMs, reply } = calling;
  const who = `${nameOf(index)}: ${labelOf(call)}`;
  const sent: Sent = { actor: index, call };
  const fails = (from: PaymentWorld, mayHaveRun: boolean) =>
    tell(from, rules, index, { on: "failed", unavailable: true, mayHaveRun, tooLarge: false, error: 0 });
  if (reply !== undefined) {
    return [{ label: `${who} is answered late`, next: tell(world, rules, index, reply) }];
  }
  if (world.away) return [{ label: `${who}: the store is away`, next: fails(world, false) }];
  if (isTooLarge(rules, call)) {
    return [{ label: `${who} -> too large`, next: tell(world, rules, index, tooLarge) }];
  }
  const { world: after, reply: heard, event } = applied(world, rules, sent);
  const answer = event(sentAtMs);
  const moves = [{ label: `${who} -> ${heard.status}`, next: tell(after, rules, index, answer) }];
  const one = (fault: Fault, does: string, next: (from: PaymentWorld) => PaymentWorld) => {
    const from = faulty(world, rules, fault);
    if (from !== null) moves.push({ label: `${who}${does}`, next: next(from) });
  };
  one("slow", ` -> ${heard.status}, but the answer is slow`, (from) =>
    withCaller({ ...after, left: from.left }, index, { calling: { call, sentAtMs, reply: answer } }),
  );
  if (tells.has(call.call)) one("fail", " -> error, it is not applied", (from) => fails(from, false));
  one("delay", " -> error, it is delayed", (from) => straying(fails(from, true), sent));
  one("twice", ` -> ${heard.status}, and a copy is under way`, (from) =>
    straying(tell({ ...after, left: from.left }, rules, index, answer), sent),
  );
  return moves;
}

function straying(world: PaymentWorld, sent: Sent): PaymentWorld {
  return isSpent(sent, world.record) ? world : { ...world, strays: [...world.strays, sent] };
}

function strayMoves(world: PaymentWorld, rules: PaymentRules): Move<PaymentWorld>[] {
  if (world.away) return [];
  return world.strays.map((sent, at) => {
    const { world: after, reply } = applied({ ...world, strays: world.strays.toSpliced(at, 1) }, rules, sent);
    const { clear } = callerAt(world, sent.actor);
    const next = withCaller(after, sent.actor, clear === undefined ? {} : { clear });
    return { label: `${nameOf(sent.actor)}'s call arrives late: ${labelOf(sent.call)} -> ${reply.status}`, next };
  });
}

function ledgerMoves(world: PaymentWorld): Move<PaymentWorld>[] {
  if (world.transfer.state !== "flying") return [];
  const becomes = (state: "landed" | "dropped") => ({ ...world, transfer: { ...world.transfer, state } });
  return [
    { label: "ledger: the transfer lands", next: becomes("landed") },
    { label: "ledger: the transfer is dropped", next: becomes("dropped") },
  ];
}

function storeMoves(world: PaymentWorld, rules: PaymentRules): Move<PaymentWorld>[] {
  if (world.away) return [{ label: "the store is back", next: { ...world, away: false } }];
  const moves: Move<PaymentWorld>[] = [];
  const calling = world.callers.some((caller) => caller.calling !== undefined);
  const away = calling ? faulty(world, rules, "away") : null;
  if (away !== null) moves.push({ label: "the store is away", next: { ...away, away: true } });
  const back = world.record === null ? null : faulty(world, rules, "back");
  if (back !== null)
    moves.push({ label: "the store's clock is set back", next: { ...back, backMs: back.backMs + leaseMs } });
  return moves;
}

/** Moves the clock to any instant at which something is due or ends. Work that was due before is then late. */
function clockMoves(world: PaymentWorld, { renews }: PaymentRules): Move<PaymentWorld>[] {
  if (world.left.clockSteps === 0) return [];
  const left = { ...world.left, clockSteps: world.left.clockSteps - 1 };
  return instantsOf(world, renews).map((nowMs) => ({
    label: `clock: +${nowMs - world.nowMs} ms`,
    next: { ...world, nowMs, left },
  }));
}

function instantsOf({ callers, record, operator, nowMs, backMs }: PaymentWorld, renews: boolean): number[] {
  const body = readBody(record);
  const instants = callers.flatMap(({ machine, waiting }) => {
    const { at, lease, step, giveUpAtMs, retry, evidence, waitUntilMs } = machine;
    if (at === "ended") return [];
    const ends = [
      lease?.untilMs,
      step?.deadlineMs,
      retry && giveUpAtMs,
      retry?.atMs,
      waiting ? waitUntilMs : undefined,
    ];
    return renews
      ? [...ends, wakeAtMs(machine)]
      : [...ends, evidence?.saved === false ? evidence.retryAtMs : undefined];
  });
  if (body !== null && phaseOf(body, nowMs - backMs) === "held") instants.push(body.leaseUntilMs + backMs);
  if (operator.at === "finding") instants.push(operator.untilMs);
  const ahead = instants.filter((instant) => instant !== undefined && instant > nowMs) as number[];
  return [...new Set(ahead)].sort((a, b) => a - b);
}
