// Scenario: several callers share one verification, as a program of the single steps that `shared-verification.ts`
// takes.
import type { StoredRecord } from "../atomic-port.ts";
import { claim } from "../verification/claim.ts";
import { complete, release } from "../verification/end.ts";
import { phaseOf, readBody } from "../verification/verification-record.ts";
import type { Claim, Lease, LeaseResult } from "../verification/verification-store.ts";
import type { Applied, Scenario, Turn, World } from "./world.ts";

export interface Verifier {
  readonly at: "claim" | "verify" | "complete" | "release" | "done";
  readonly name: string;
  /** The token of a claim whose answer was lost. It is sent once more. */
  readonly asked?: string;
  readonly lease?: Lease;
  readonly untilMs?: number;
  readonly said?: "accepted" | "rejected";
  readonly told?: "accepted" | "rejected" | "error";
  /** How many verifications it may still begin. The bound lets runs end. */
  readonly attempts: number;
}

export type VerifyCall =
  | { readonly op: "claim"; readonly token: string }
  | { readonly op: "complete"; readonly lease: Lease; readonly outcome: "accepted" | "rejected" }
  | { readonly op: "release"; readonly lease: Lease };
export type VerifyReply = Claim | LeaseResult;

/** The verifiers' answers so far. */
export interface VerifyGhost {
  readonly said: readonly ("accepted" | "rejected")[];
  readonly broken: string | null;
}

export interface VerifyOptions {
  readonly callers?: number;
  /** An acceptance is told before it is recorded, as in payOnce. */
  readonly early?: boolean;
  /** A new token for each claim, as in the code; or one token for each caller. */
  readonly tokens?: "new" | "one";
  /** Whether the caller of an overtaken result claims again, as in the code; or is told its own result. */
  readonly overtaken?: "again" | "told";
  readonly transitions?: Partial<{ claim: typeof claim; complete: typeof complete; release: typeof release }>;
}

type VerifyWorld = World<Verifier, VerifyCall, VerifyGhost>;

const startMs = 1_000;
const leaseMs = 1_000;
/** How long a rejection is remembered. */
const rejectionTtlMs = 10_000;

export function verifyScenario({
  callers = 2,
  early = false,
  tokens = "new",
  overtaken = "again",
  transitions,
}: VerifyOptions = {}): Scenario<Verifier, VerifyCall, VerifyReply, VerifyGhost> {
  const on = { claim, complete, release, ...transitions };
  const names = ["A", "B", "C"].slice(0, callers);
  return {
    names,
    startMs,
    actors: names.map((name) => ({ at: "claim", name, attempts: 2 })),
    ghost: { said: [], broken: null },
    turns: (caller, world) => turnsOf(caller, world, { early, tokens }),
    keysOf: () => ["verification"],
    step(call, [record = null], nowMs) {
      const { write, reply } = transition(on, call, record, nowMs);
      return { writes: [write], reply };
    },
    applied: (ghost, event) => ({ ...ghost, broken: ghost.broken ?? wrongly(ghost, event) }),
    answered: (caller, call, reply, nowMs) => answered(caller, call, reply, nowMs, overtaken),
    instants: ({ records, nowMs }) => {
      const body = readBody(records.verification ?? null);
      if (body === null) return [];
      return phaseOf(body, nowMs) === "held" ? [body.leaseUntilMs] : [body.valueUntilMs ?? 0];
    },
    invariant: ({ actors, ghost, nowMs }) => {
      const verifying = actors.filter((caller) => caller?.at === "verify" && nowMs < (caller.untilMs ?? 0));
      if (verifying.length > 1) return "two verify under live leases";
      for (const caller of actors) {
        const told = caller?.told;
        if (told === undefined || told === "error" || ghost.said.includes(told)) continue;
        return `${caller?.name} was told ${told}, which no verifier said`;
      }
      return ghost.broken;
    },
    describeCall: (call) => (call.op === "complete" ? `complete (${call.outcome})` : call.op),
    describeReply: (reply) => (reply.status === "done" ? `done (${reply.outcome})` : reply.status),
  };
}

function turnsOf(
  caller: Verifier,
  { records, strays, ghost, nowMs }: VerifyWorld,
  { early, tokens }: { early: boolean; tokens: "new" | "one" },
): Turn<Verifier, VerifyCall, VerifyGhost>[] {
  const { at, name, lease, untilMs = 0, said, attempts } = caller;
  const becomes = (does: string, change: Partial<Verifier>) => ({ does, local: { ...caller, ...change } });
  switch (at) {
    case "claim": {
      if (attempts === 0) return [becomes("gives up", { at: "done", told: "error" })];
      const used = new Set(strays.map(({ call }) => ("token" in call ? call.token : call.lease.token)));
      const last = readBody(records.verification ?? null)?.token;
      if (last !== undefined) used.add(last);
      let number = 1;
      while (used.has(`${name}${number}`)) number += 1;
      const fresh = tokens === "one" ? name : `${name}${number}`;
      return [{ call: { op: "claim", token: caller.asked ?? fresh } }];
    }
    case "verify": {
      if (nowMs >= untilMs) return [becomes("sees its lease over", { at: "claim" })];
      const says = (outcome: "accepted" | "rejected") => ({
        ...becomes(`verifies: ${outcome}`, {
          at: "complete",
          said: outcome,
          ...(early && outcome === "accepted" && { told: outcome }),
        }),
        // A set, because it does not matter how often it was said.
        ghost: { ...ghost, said: [...new Set([...ghost.said, outcome])].sort() },
      });
      return [says("accepted"), says("rejected"), becomes("hears its verifier throw", { at: "release" })];
    }
    case "complete":
      if (lease === undefined || said === undefined) return [];
      return [{ call: { op: "complete", lease, outcome: said } }];
    case "release":
      return lease === undefined ? [] : [{ call: { op: "release", lease } }];
    case "done":
      return [];
  }
}

function transition(
  on: Required<NonNullable<VerifyOptions["transitions"]>>,
  call: VerifyCall,
  record: StoredRecord | null,
  nowMs: number,
) {
  switch (call.op) {
    case "claim": {
      const asked = { leaseMs, onLeaseExpiry: "retry", retainUntilMs: 0, fingerprint: "page" } as const;
      return on.claim(record, nowMs, { ...asked, token: call.token });
    }
    case "complete": {
      const { lease, outcome } = call;
      const valueTtlMs = outcome === "accepted" ? undefined : rejectionTtlMs;
      return on.complete(record, nowMs, { lease, outcome, value: "", valueTtlMs, retainUntilMs: 0 });
    }
    case "release":
      return on.release(record, nowMs, { lease: call.lease, forget: true });
  }
}

function answered(
  caller: Verifier,
  call: VerifyCall,
  reply: VerifyReply | null,
  nowMs: number,
  overtaken: "again" | "told",
): Verifier {
  const ends = (told: NonNullable<Verifier["told"]>): Verifier => ({
    ...caller,
    at: "done",
    told: caller.told ?? told,
  });
  switch (call.op) {
    case "claim": {
      if (reply === null) return caller.asked === undefined ? { ...caller, asked: call.token } : ends("error");
      const { asked: _, ...heard } = caller;
      if (reply.status === "claimed") {
        const { lease } = reply;
        return { ...heard, at: "verify", lease, untilMs: nowMs + lease.ttlMs, attempts: caller.attempts - 1 };
      }
      if (reply.status === "done") return { ...heard, at: "done", told: reply.outcome };
      return reply.status === "spent" ? { ...heard, at: "done", told: "accepted" } : heard;
    }
    case "complete":
      if (reply === null) return nowMs < (caller.untilMs ?? 0) ? caller : ends("error");
      if (reply.status === "lost" && caller.told === undefined && overtaken === "again")
        return { ...caller, at: "claim" };
      return ends(call.outcome);
    case "release":
      return ends("error");
  }
}

function wrongly(ghost: VerifyGhost, { call, before, after, nowMs }: Applied<VerifyCall, VerifyReply>): string | null {
  const [was = null] = before;
  const [is = null] = after;
  if (was === is) return null;
  const body = readBody(was);
  const now = readBody(is);
  if (body?.state === "accepted") return "an acceptance on record was altered";
  if (call.op !== "claim" && `${body?.fence}` !== call.lease.fence)
    return "a past holder's late call changed the record";
  if (call.op === "claim" && phaseOf(body, nowMs) === "held") return "a live lease was taken over";
  if ((now?.state === "accepted" || now?.state === "rejected") && !ghost.said.includes(now.state)) {
    return "what no verifier said is on record";
  }
  return null;
}
