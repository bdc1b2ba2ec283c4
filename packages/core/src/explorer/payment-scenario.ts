// Scenario: several callers of payOnce for one payment. The settlement is sent, and lands or is dropped at any later time.
import type { StoredRecord } from "../atomic-port.ts";
import { claim, reconcile } from "../verification/claim.ts";
import { complete, markUnknown, release } from "../verification/end.ts";
import { note, renew } from "../verification/hold.ts";
import { look } from "../verification/peek.ts";
import { phaseOf, readBody, type Transition, type VerificationBody } from "../verification/verification-record.ts";
import type { Lease } from "../verification/verification-store.ts";
import {
  believesToHold,
  type Flight,
  isRefused,
  type PayCall,
  type PayClient,
  type PayDeed,
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
  /** The fence under which a refusal was last remembered, by one who held the lease; 0: none. */
  readonly refused: number;
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
  const rule: PayRules = {
    ...{ order: "serve-then-settle", leaseMs, validUntilMs, tokens: "new" },
    ...{ verifiedFor: "first attempt", refusedIf: "released" },
    ...rules,
  };
  const names = ["A", "B", "C"].slice(0, callers);
  return {
    names,
    startMs,
    // The first one has verified the payload for all.
    actors: names.map((name) => ({ at: "claim", name, attempts, beats, ...(name === "A" && { verified: "before" }) })),
    records: found === "nothing" ? {} : { payment: diedUnknown() },
    ghost: { flights: found === "nothing" ? [] : ["flying"], fence: 1, refused: 0, broken: null },
    turns: (client, { ghost, records, strays, nowMs }) => {
      const tokens = new Set(strays.map(({ call }) => ("token" in call ? call.token : "")));
      const last = readBody(records.payment ?? null)?.token;
      if (last !== undefined) tokens.add(last);
      return payTurns(client, rule, { flights: ghost.flights, tokens, nowMs }).map((turn) => {
        if ("call" in turn) return turn;
        const { ghost: deed, ...rest } = turn;
        return deed === undefined ? rest : { ...rest, ghost: after(deed, client, ghost, rule, attempts) };
      });
    },
    keysOf: ({ op }) => (op === "wasRefused" || op === "rememberRefusal" ? ["refusal", "payment"] : ["payment"]),
    step(call, [record = null], nowMs) {
      const { write, reply } = transition(on, call, record, nowMs);
      return { writes: [write], reply };
    },
    applied: (ghost, event) => ({
      ...ghost,
      fence: Math.max(ghost.fence, issuedFence(event)),
      refused: Math.max(ghost.refused, refusedFence(event)),
      broken: ghost.broken ?? wrongly(ghost, event, rule),
    }),
    answered: (client, call, reply, nowMs) => payAnswered(client, call, reply, rule, nowMs),
    instants: ({ records, ghost, nowMs }) => {
      const record = records.payment ?? null;
      const body = readBody(record);
      const ends = ghost.flights.includes("flying") ? [validUntilMs] : [];
      if (record !== null) ends.push(record.endsAtMs);
      if (body !== null && phaseOf(body, nowMs) === "held") {
        ends.push(body.leaseUntilMs);
        // Who renews does so before it must.
        if (beats > 0) ends.push(body.leaseUntilMs - leaseMs / 2);
      }
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

/** The books after what a caller did by itself. `attempts`: what it has for its first one. */
function after(
  deed: PayDeed,
  client: PayClient,
  ghost: PaymentGhost,
  { order }: PayRules,
  attempts: number,
): PaymentGhost {
  if (deed === "sends") return { ...ghost, flights: [...ghost.flights, "flying"] };
  const paid = ghost.flights.includes("landed");
  if (order === "settle-then-serve" && !paid) return { ...ghost, broken: "what was not paid for was served" };
  const overtaken = ghost.refused > 0 && Number(client.lease?.fence) > ghost.refused;
  const verified = client.verified === "again" || (client.verified === "before" && client.attempts === attempts);
  if (paid || verified || !overtaken) return ghost;
  return { ...ghost, broken: `${client.name} serves on an acceptance that a refusal has overtaken` };
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
  if (call.op === "wasRefused") return { reply: look(record, nowMs) };
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
    case "rememberRefusal": {
      // Two calls in payOnce; what the first leaves is a refusal already.
      const request = { token: call.token, fingerprint, leaseMs, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
      return claim(record, nowMs, request);
    }
    case "refuse":
    case "release":
      return on.release(record, nowMs, lease);
    case "markUnknown":
      return on.markUnknown(record, nowMs, { lease, evidence: undefined });
  }
}

/** The fence of a lease that this call newly granted; 0 where it granted none. */
function issuedFence({ call, reply }: Applied<PayCall, PayReply>): number {
  if (call.op === "rememberRefusal") return 0;
  return reply.status === "claimed" && reply.via !== "resume" ? Number(reply.lease.fence) : 0;
}

/** The fence of a holder that has just remembered a refusal, so that no later one can have looked for it before; else 0. */
function refusedFence({ call, before, nowMs }: Applied<PayCall, PayReply>): number {
  if (call.op !== "rememberRefusal") return 0;
  const body = readBody(before[1] ?? null);
  return phaseOf(body, nowMs) === "held" && String(body?.fence) === call.fence ? Number(call.fence) : 0;
}

/** What an applied call did that it must not do. */
function wrongly(ghost: PaymentGhost, event: Applied<PayCall, PayReply>, rules: PayRules): string | null {
  const { call, reply, nowMs } = event;
  if (call.op === "wasRefused" || call.op === "rememberRefusal") return null;
  if (call.op === "refuse" && isRefused(rules, reply) && ghost.flights.some((flight) => mayCount(flight, nowMs))) {
    return "a payment was refused while a settlement of it is under way or done";
  }
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
  const needsLive = call.op === "renew" || call.op === "switch" || call.op === "release" || call.op === "refuse";
  if (needsLive && phase !== "held") return "a lease that was over was renewed or released";
  if (call.op === "complete" && phase !== "held" && phase !== "unknown")
    return "a record was completed that nobody was working on";
  return null;
}

/** What is still under way when the payment's validity is over can only be dropped. */
function mayCount(flight: Flight, nowMs: number): boolean {
  return flight === "landed" || (flight === "flying" && nowMs < validUntilMs);
}

/** What is wrong with the world as it stands. */
function wrong({ actors, ghost, records, nowMs }: PaymentWorld): string | null {
  const clients = actors.filter((client) => client !== null);
  const holders = clients.filter((client) => believesToHold(client, nowMs));
  if (holders.length > 1) {
    return `${holders.map(({ name }) => name).join(" and ")} both believe to hold the lease`;
  }
  if (ghost.flights.filter((flight) => mayCount(flight, nowMs)).length > 1)
    return "two settlements are under way or done";
  if (clients.filter(({ outcome }) => outcome === "fresh").length > 1) return "two callers were served fresh";
  if (readBody(records.payment ?? null)?.state === "accepted" && !ghost.flights.includes("landed")) {
    return "a payment is done that was never settled";
  }
  return null;
}
