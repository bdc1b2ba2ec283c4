// Scenario: several callers of payOnce for one payment. The settlement is sent, and lands or is dropped at any later time.
import type { StoredRecord } from "../atomic-port.ts";
import { claim, reconcile } from "../verification/claim.ts";
import { complete, markUnknown, release } from "../verification/end.ts";
import { note, renew } from "../verification/hold.ts";
import { phaseOf, readBody, type Transition, type VerificationBody } from "../verification/verification-record.ts";
import type { Lease } from "../verification/verification-store.ts";
import {
  believesToHold,
  type Flight,
  type PayCall,
  type PayClient,
  type PayReply,
  type PayRules,
  payAnswered,
  payTurns,
} from "./payment-client.ts";
import type { Applied, Scenario, World } from "./world.ts";

/** The transitions under test; a test may put a wrong one among them. */
interface PaymentTransitions {
  readonly claim: typeof claim;
  readonly reconcile: typeof reconcile;
  readonly renew: typeof renew;
  readonly note: typeof note;
  readonly complete: typeof complete;
  readonly release: typeof release;
  readonly markUnknown: typeof markUnknown;
}

export interface PaymentOptions extends Partial<PayRules> {
  readonly transitions?: Partial<PaymentTransitions>;
  readonly callers?: number;
  /** What the first caller finds: nothing, or what a dead attempt left whose settlement is on its way. */
  readonly found?: "nothing" | "unknown";
  readonly attempts?: number;
  readonly beats?: number;
}

/** What the calls applied so far, and the ledger, say. */
export interface PaymentGhost {
  readonly flights: readonly Flight[];
  /** The highest fence issued. */
  readonly fence: number;
  readonly broken: string | null;
}

type PaymentWorld = World<PayClient, PayCall, PaymentGhost>;

const startMs = 1_000;
const leaseMs = 1_000;
const fingerprint = "what is bought";
/** After that no settlement lands. Longer than three leases, shorter than any record is kept. */
const validUntilMs = startMs + 10_000;

export function paymentScenario({
  transitions,
  callers = 2,
  found = "nothing",
  attempts = 2,
  beats = 1,
  ...rules
}: PaymentOptions = {}): Scenario<PayClient, PayCall, PayReply, PaymentGhost> {
  const on: PaymentTransitions = { claim, reconcile, renew, note, complete, release, markUnknown, ...transitions };
  const rule: PayRules = { order: "serve-then-settle", leaseMs, validUntilMs, reconcilesAs: "another", ...rules };
  const names = ["A", "B", "C"].slice(0, callers);
  return {
    names,
    startMs,
    actors: names.map((token) => ({ at: "claim", token, attempts, beats })),
    records: found === "nothing" ? {} : { payment: diedUnknown() },
    ghost: { flights: found === "nothing" ? [] : ["flying"], fence: 1, broken: null },
    turns: (client, { ghost, nowMs }) =>
      payTurns(client, rule, ghost.flights, nowMs).map((turn) => {
        if ("call" in turn) return turn;
        return { ...turn, ghost: { ...ghost, flights: turn.ghost ?? ghost.flights } };
      }),
    keysOf: () => ["payment"],
    step(call, [record = null], nowMs) {
      const { write, reply } = transition(on, call, record, nowMs);
      return { writes: [write], reply };
    },
    applied: (ghost, event) => ({
      ...ghost,
      fence: Math.max(ghost.fence, issuedFence(event)),
      broken: ghost.broken ?? wrongly(ghost, event),
    }),
    answered: (client, call, reply, nowMs) => payAnswered(client, call, reply, rule, nowMs),
    instants: ({ records, ghost, nowMs }) => {
      const record = records.payment ?? null;
      const body = readBody(record);
      const ends = ghost.flights.includes("flying") ? [validUntilMs] : [];
      if (record !== null) ends.push(record.endsAtMs);
      if (body !== null && phaseOf(body, nowMs) === "held") ends.push(body.leaseUntilMs);
      return ends;
    },
    surroundings: ({ ghost, nowMs }) =>
      ghost.flights.flatMap((flight, index) => {
        if (flight !== "flying") return [];
        const becomes = (to: Flight) => ({ ...ghost, flights: ghost.flights.with(index, to) });
        const drops = { does: `ledger: settlement ${index + 1} is dropped`, ghost: becomes("dropped") };
        if (nowMs >= validUntilMs) return [drops];
        return [{ does: `ledger: settlement ${index + 1} lands`, ghost: becomes("landed") }, drops];
      }),
    invariant: (world) => world.ghost.broken ?? wrong(world),
    describeCall: (call) => ("fence" in call ? `${call.op} under fence ${call.fence}` : call.op),
    describeReply: (reply) => {
      if (reply.status === "claimed") return `claimed (${reply.via}), fence ${reply.lease.fence}`;
      if (reply.status === "lost") return `lost (${reply.current})`;
      return reply.status === "done" ? `done (${reply.outcome})` : reply.status;
    },
  };
}

/** An attempt under fence 1 sent its settlement, and has not been heard of since. */
function diedUnknown(): StoredRecord {
  const lease: Lease = { token: "Z", fence: "1", ttlMs: 1, attempt: 1 };
  const body: VerificationBody = {
    state: "in-progress",
    fence: 1,
    attempt: 1,
    token: "Z",
    fingerprint,
    leaseUntilMs: startMs - 1,
    onLeaseExpiry: "unknown",
    retainUntilMs: validUntilMs,
  };
  const { write } = markUnknown({ endsAtMs: validUntilMs, body }, startMs, { lease, evidence: undefined });
  return write ?? { endsAtMs: validUntilMs, body };
}

function transition(
  on: PaymentTransitions,
  call: PayCall,
  record: StoredRecord | null,
  nowMs: number,
): Transition<PayReply> {
  if (!("fence" in call)) {
    if (call.op === "reconcile") return on.reconcile(record, nowMs, { token: call.token, leaseMs });
    const request = { leaseMs, onLeaseExpiry: "retry", retainUntilMs: validUntilMs, fingerprint } as const;
    return on.claim(record, nowMs, { ...request, token: call.token });
  }
  // A transition knows a holder by token and fence alone.
  const lease: Lease = { token: call.token, fence: call.fence, ttlMs: leaseMs, attempt: 1 };
  switch (call.op) {
    case "renew":
    case "switch":
      return on.renew(record, nowMs, { lease, leaseMs, toUnknown: call.op === "switch" });
    case "note":
      return on.note(record, nowMs, { lease, evidence: "receipt" });
    case "complete": {
      const result = { outcome: "accepted", value: "receipt", valueTtlMs: undefined } as const;
      return on.complete(record, nowMs, { ...result, lease, retainUntilMs: validUntilMs });
    }
    case "release":
      return on.release(record, nowMs, lease);
    case "markUnknown":
      return on.markUnknown(record, nowMs, { lease, evidence: undefined });
  }
}

/** The fence of a lease that this call newly granted; 0 where it granted none. */
function issuedFence({ reply }: Applied<PayCall, PayReply>): number {
  return reply.status === "claimed" && reply.via !== "resume" ? Number(reply.lease.fence) : 0;
}

/** What an applied call did that it must not do. */
function wrongly(ghost: PaymentGhost, event: Applied<PayCall, PayReply>): string | null {
  const { call, nowMs } = event;
  const [before = null] = event.before;
  const [after = null] = event.after;
  const body = readBody(before);
  const issued = issuedFence(event);
  if (issued > 0 && issued <= ghost.fence) return `fence ${issued} was issued after fence ${ghost.fence}`;
  const phase = phaseOf(body, nowMs);
  if (issued > 0 && call.op === "claim" && phase === "unknown") {
    return "an unknown outcome was claimed without being reconciled";
  }
  if (before === after) return null;
  if (body?.state === "accepted") return "a completed payment's record was altered";
  if ("fence" in call && call.fence !== String(body?.fence)) return "a past holder's late call changed the record";
  const needsLive = call.op === "renew" || call.op === "switch" || call.op === "release";
  if (needsLive && phase !== "held") return "a lease that was over was renewed or released";
  if (call.op === "complete" && phase !== "held" && phase !== "unknown")
    return "a record was completed that nobody was working on";
  return null;
}

/** What is wrong with the world as it stands. */
function wrong({ actors, ghost, records, nowMs }: PaymentWorld): string | null {
  const clients = actors.filter((client) => client !== null);
  const holders = clients.filter((client) => believesToHold(client, nowMs));
  if (holders.length > 1) {
    return `${holders.map(({ token }) => token).join(" and ")} both believe to hold the lease`;
  }
  // What is still under way when the payment's validity is over can only be dropped.
  const canCount = (flight: Flight) => flight === "landed" || (flight === "flying" && nowMs < validUntilMs);
  if (ghost.flights.filter(canCount).length > 1) return "two settlements are under way or done";
  if (clients.filter(({ outcome }) => outcome === "fresh").length > 1) return "two callers were served fresh";
  if (readBody(records.payment ?? null)?.state === "accepted" && !ghost.flights.includes("landed")) {
    return "a payment is done that was never settled";
  }
  return null;
}
