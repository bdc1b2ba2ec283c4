// Scenario: several instances consume, charge, refund, block and reset one client's allowance.
import type { Step } from "../atomic-port.ts";
import { parseReceipt } from "../rate-limit/algorithm.ts";
import { type Limit, limitOf } from "../rate-limit/policy.ts";
import type { RateLimitDecision, RateLimitPolicy } from "../rate-limit/rate-limit-store.ts";
import { reset } from "../rate-limit/reset.ts";
import { type Transitions, transitions } from "../rate-limit/transitions.ts";
import { balanceOf, emptyLedger, givingBack, type Ledger, taking } from "./rate-limit-ledger.ts";
import type { Applied, Scenario, Turn, World } from "./world.ts";

/** An actor's intentions, in turn. A refund is of the last cost that it knows was taken. */
export type RateLimitIntent = Exclude<RateLimitCall, { op: "refund" }> | { readonly op: "refund" };

export type RateLimitCall =
  /** `burst`: where the instance has another one than the scenario's policy, as in a rolling deploy. */
  | { readonly op: "consume" | "charge"; readonly cost: number; readonly burst?: number }
  | { readonly op: "block"; readonly durationMs: number }
  | { readonly op: "refund"; readonly receipt: string }
  | { readonly op: "reset" };
/** Null for a call without a decision. */
export type RateLimitReply = RateLimitDecision | null;

export interface RateLimitActor {
  readonly program: readonly RateLimitIntent[];
  readonly receipt?: string;
}

export interface RateLimitGhost {
  readonly ledger: Ledger;
  readonly blockedUntilMs: number;
  /** Receipts that were given out and not refunded yet. */
  readonly receipts: readonly string[];
  /** A receipt was refunded twice, which a refund cannot detect. From then on only the bounds are checked. */
  readonly givenTwice: boolean;
  /** Whether a receipt of a token bucket was refunded. */
  readonly refunded: boolean;
  /**
   * Units by which the balance may be above the ledger's. A token bucket's refund knows the rest of its cost only as
   * long as no earlier cost was refunded. A second refund may give back too much, at most what its cost took.
   */
  readonly slack: number;
  readonly broken: string | null;
}

export interface RateLimitOptions {
  readonly policy: RateLimitPolicy;
  readonly programs: readonly (readonly RateLimitIntent[])[];
  /** A test may replace some transitions by wrong ones. */
  readonly transitions?: Partial<Transitions>;
}

/** Neither the start nor the end of a window. */
const startMs = 10_300;

export function rateLimitScenario({
  policy,
  programs,
  transitions: wrong,
}: RateLimitOptions): Scenario<RateLimitActor, RateLimitCall, RateLimitReply, RateLimitGhost> {
  const on: Transitions = { ...transitions[policy.algorithm], ...wrong };
  const limitFor = (cost: number, burst?: number) => {
    const own = burst === undefined ? policy : { ...policy, burst };
    return limitOf({ route: "", client: "", policy: own, cost }, undefined);
  };
  const limit = limitFor(0);
  return {
    names: ["A", "B", "C"].slice(0, programs.length),
    startMs,
    actors: programs.map((program) => ({ program })),
    ghost: {
      ledger: { ...emptyLedger, markMs: startMs },
      blockedUntilMs: 0,
      receipts: [],
      givenTwice: false,
      refunded: false,
      slack: 0,
      broken: null,
    },
    turns({ program, receipt }): Turn<RateLimitActor, RateLimitCall, RateLimitGhost>[] {
      const [intent] = program;
      if (intent === undefined) return [];
      if (intent.op === "reset") return [{ call: { op: "reset" } }];
      if (intent.op !== "refund") return [{ call: intent }];
      if (receipt !== undefined) return [{ call: { op: "refund", receipt } }];
      return [{ does: "has nothing to refund", local: { program: program.slice(1) } }];
    },
    keysOf: () => ["client"],
    step(call, [record = null], nowMs): Step<RateLimitReply> {
      switch (call.op) {
        case "consume":
          return on.consume(limitFor(call.cost, call.burst), record, nowMs);
        case "charge":
          return on.charge(limitFor(call.cost, call.burst), record, nowMs);
        case "refund":
          return on.refund(limit, parseReceipt(on.tag, call.receipt), record, nowMs);
        case "block":
          return { writes: on.block(limit, call.durationMs, record, nowMs).writes ?? [], reply: null };
        case "reset":
          return { writes: reset(record).writes ?? [], reply: null };
      }
    },
    applied: (ghost, event) => booked(ghost, event, "burst" in event.call ? limitFor(0, event.call.burst) : limit),
    answered({ program, receipt }, call, reply) {
      // Without an answer, a consuming caller asks again and may be charged twice. Calls that must not be repeated are
      // not.
      if (reply === null && call.op === "consume") return { program, ...(receipt !== undefined && { receipt }) };
      const known = reply?.receipt ?? receipt;
      return { program: program.slice(1), ...(known !== undefined && call.op !== "refund" && { receipt: known }) };
    },
    instants: ({ records, ghost, nowMs }) => [
      ghost.blockedUntilMs,
      records.client?.endsAtMs ?? 0,
      (Math.floor(nowMs / limit.windowMs) + 1) * limit.windowMs,
      // Half a unit of a token bucket.
      nowMs + Math.ceil(limit.intervalUs / 2_000),
    ],
    invariant: (world) => world.ghost.broken ?? wrongBalance(world, on, limit),
    describeCall: ({ op, ...rest }) => [op, ...Object.values(rest)].join(" "),
    describeReply: (reply) => {
      if (reply === null) return "ok";
      return `${reply.allowed ? "allowed" : "denied"}, ${reply.remaining} left`;
    },
  };
}

function booked(ghost: RateLimitGhost, event: Applied<RateLimitCall, RateLimitReply>, limit: Limit): RateLimitGhost {
  const { call, reply, nowMs } = event;
  const after: RateLimitGhost = { ...ghost, broken: ghost.broken ?? wrongReply(ghost, event, limit) };
  switch (call.op) {
    case "consume":
    case "charge": {
      const { receipt } = reply ?? {};
      if (receipt === undefined) return after;
      const most = balanceOf(ghost.ledger, limit, nowMs) + limit.capacity;
      const units = call.op === "charge" ? Math.min(call.cost, most) : call.cost;
      const ledger = taking(ghost.ledger, limit, units, receipt, nowMs);
      return { ...after, ledger, receipts: [...ghost.receipts, receipt].sort() };
    }
    case "refund": {
      const at = ghost.receipts.indexOf(call.receipt);
      if (at === -1) return { ...after, givenTwice: true };
      const ledger = givingBack(ghost.ledger, limit, call.receipt, nowMs);
      const { amount } = parseReceipt(call.receipt.slice(0, 2), call.receipt);
      const slack = ghost.slack + (ghost.refunded ? Math.ceil(amount / limit.intervalUs) : 0);
      const refunded = limit.algorithm === "token-bucket";
      return { ...after, ledger, receipts: ghost.receipts.toSpliced(at, 1), refunded, slack };
    }
    case "block":
      return { ...after, blockedUntilMs: Math.max(ghost.blockedUntilMs, nowMs + call.durationMs) };
    case "reset":
      return { ...after, ledger: { ...emptyLedger, markMs: nowMs }, blockedUntilMs: 0, receipts: [] };
  }
}

/** The violation of an applied call or its reply. */
function wrongReply(
  ghost: RateLimitGhost,
  { call, reply, before: [before = null], after: [after = null], nowMs }: Applied<RateLimitCall, RateLimitReply>,
  limit: Limit,
): string | null {
  if (
    reply !== null &&
    !(Number.isInteger(reply.remaining) && reply.remaining >= 0 && reply.remaining <= limit.capacity)
  ) {
    return `${reply.remaining} is said to remain of ${limit.capacity}`;
  }
  if (call.op === "refund" && (before === null ? after !== null : (after?.endsAtMs ?? 0) > before.endsAtMs)) {
    return "a refund made a record, or moved its end outwards";
  }
  if (call.op !== "consume") return null;
  const allowed = reply?.allowed === true;
  if (!allowed && before !== after) return "a denied call changed the record";
  const blocked = nowMs < ghost.blockedUntilMs;
  if (allowed && blocked) return "a blocked client was let through";
  const left = balanceOf(ghost.ledger, limit, nowMs);
  if (ghost.givenTwice || blocked || call.cost > limit.capacity) return null;
  if (allowed ? call.cost <= left + ghost.slack : call.cost > left) return null;
  return allowed ? `${call.cost} was allowed where ${left} is left` : `${call.cost} was denied where ${left} is left`;
}

/** Compares peek's answer with the ledger. */
function wrongBalance(
  { records, ghost, nowMs }: World<RateLimitActor, RateLimitCall, RateLimitGhost>,
  on: Transitions,
  limit: Limit,
): string | null {
  const { remaining } = on.peek(limit, records.client ?? null, nowMs).reply;
  if (remaining > limit.capacity) return `${remaining} remains of ${limit.capacity}`;
  if (ghost.givenTwice) return null;
  const left = nowMs < ghost.blockedUntilMs ? 0 : Math.max(0, balanceOf(ghost.ledger, limit, nowMs));
  return remaining >= left && remaining <= left + ghost.slack ? null : `${remaining} remains where ${left} is left`;
}
