// payOnce as a program of single steps: what verification/pay-once.ts and pay-attempt.ts do, one store call at a time.
// Time passes, and others act, between any two of them.
import type { Claim, Ended, VerificationStore } from "../verification/verification-store.ts";
import type { Turn } from "./world.ts";

/** What one caller of payOnce knows. `untilMs`: its lease is live strictly before that instant. */
export interface PayClient {
  readonly at:
    | "claim"
    | "wasRefused"
    | "verify"
    | "serve"
    | "switch"
    | "send"
    | "settling"
    | "note"
    | "complete"
    | "reconcile"
    | "find"
    | "rememberRefusal"
    | "refuse"
    | "release"
    | "markUnknown"
    | "completeLate"
    | "ended";
  readonly name: string;
  /** Of a claim whose answer got lost: it is sent once more. */
  readonly asked?: string;
  readonly lease?: Held;
  readonly untilMs?: number;
  /** It has verified the payload itself: before it claimed, or again under its lease. */
  readonly verified?: "before" | "again";
  /** It has made what is sold, in this attempt. */
  readonly served?: true;
  /** The money has moved: what is sold is owed. */
  readonly settled?: true;
  /** Which settlement it has sent. */
  readonly flight?: number;
  /** What comes after release or markUnknown. */
  readonly next?: "again" | "completeLate" | Outcome;
  /** Attempts and renewals still allowed, so that runs end. */
  readonly attempts: number;
  readonly beats: number;
  readonly outcome?: Outcome;
}

/** What a call of a lease's holder names. */
interface Held {
  readonly token: string;
  readonly fence: string;
}

type Outcome = "fresh" | "paid" | "rejected" | "conflict" | "pending" | "error";

export type PayCall =
  | { readonly op: "claim" | "reconcile"; readonly token: string }
  | { readonly op: "wasRefused" }
  | ({
      readonly op: "renew" | "switch" | "note" | "complete" | "rememberRefusal" | "refuse" | "release" | "markUnknown";
    } & Held);
export type PayReply = Claim | Ended | Awaited<ReturnType<VerificationStore["peek"]>>;

/** What became of each settlement that was sent. */
export type Flight = "flying" | "landed" | "dropped";

/** What a caller did that others can tell. */
export type PayDeed = "sends" | "serves";

export interface PayRules {
  readonly order: "serve-then-settle" | "settle-then-serve";
  readonly leaseMs: number;
  /** Nobody claims later: verify refuses the payload. */
  readonly validUntilMs: number;
  /** A new one for each claim and reconciliation, as in payOnce; or, as it was once, one a caller, or one for each of both. */
  readonly tokens: "new" | "one" | "two";
  /** For which attempts a caller's own verification counts. */
  readonly verifiedFor: "first attempt" | "all attempts";
  /** When a refusal is told. */
  readonly refusedIf: "released" | "asked";
}

/** What a caller acts upon beside what it knows. */
export interface PaySurroundings {
  /** What the ledger would answer. */
  readonly flights: readonly Flight[];
  /** Tokens that occur anywhere: any other is as good as one that never was. */
  readonly tokens: ReadonlySet<string>;
  readonly nowMs: number;
}

const working: readonly PayClient["at"][] = [
  ...(["wasRefused", "verify", "serve", "switch", "send", "settling"] as const),
  ...(["note", "complete", "find", "rememberRefusal", "refuse"] as const),
];

/** Whether it acts as the holder of a live lease. */
export function believesToHold({ at, untilMs }: PayClient, nowMs: number): boolean {
  return working.includes(at) && untilMs !== undefined && nowMs < untilMs;
}

/** The client's next steps. */
export function payTurns(
  client: PayClient,
  rules: PayRules,
  { flights, tokens, nowMs }: PaySurroundings,
): Turn<PayClient, PayCall, PayDeed>[] {
  const { lease, untilMs = 0, flight = -1 } = client;
  const { order, validUntilMs } = rules;
  const holds = nowMs < untilMs;
  const becomes = (does: string, change: Partial<PayClient>) => ({ does, local: { ...client, ...change } });
  const sends = (op: Exclude<PayCall["op"], "claim" | "reconcile" | "wasRefused">) => {
    if (lease === undefined) throw new Error(`The program calls ${op} without a lease.`);
    return { call: { op, ...lease } };
  };
  const overlooks = becomes("sees its lease over", { at: "markUnknown", next: "pending" });
  const startsAnew = { does: "sees its lease over", local: again(client, rules) };
  switch (client.at) {
    case "claim":
      if (nowMs >= validUntilMs) return [{ does: "finds it no longer valid", local: ended(client, "rejected") }];
      return [{ call: { op: "claim", token: client.asked ?? tokenOf(client, "claim", rules, tokens) } }];
    case "reconcile":
      return [{ call: { op: "reconcile", token: tokenOf(client, "reconcile", rules, tokens) } }];
    case "wasRefused":
      return [{ call: { op: "wasRefused" } }];
    case "verify":
      if (!holds) return [startsAnew];
      return [
        becomes("verifies again", { at: order === "serve-then-settle" ? "serve" : "switch", verified: "again" }),
        becomes("verifies again, in vain", { at: "refuse" }),
      ];
    case "serve": {
      if (!holds) return [startsAnew];
      const failed = client.settled ? ({ at: "markUnknown", next: "error" } as const) : undefined;
      return [
        {
          ...becomes("serves", { at: client.settled ? "complete" : "switch", served: true }),
          ghost: "serves",
        },
        becomes("fails to serve", failed ?? { at: "release", next: "error" }),
        ...(client.beats > 0 ? [sends("renew")] : []),
      ];
    }
    case "switch":
    case "note":
    case "complete":
    case "rememberRefusal":
    case "refuse":
    case "release":
    case "markUnknown":
      return [sends(client.at)];
    case "send":
      if (!holds) return [startsAnew];
      return [
        {
          ...becomes("sends the settlement", { at: "settling", flight: flights.length }),
          ghost: "sends",
        },
      ];
    case "settling": {
      // A settlement that outlives its attempt is still recorded, but where the result is still owed.
      const next = order === "serve-then-settle" ? "completeLate" : "pending";
      const turns: Turn<PayClient, PayCall, PayDeed>[] = [becomes("gives up waiting", { at: "markUnknown", next })];
      if (flights[flight] === "landed") {
        const done = order === "serve-then-settle" ? "complete" : "note";
        turns.push(becomes("hears that it landed", { at: done, settled: true }));
      }
      if (flights[flight] === "dropped") turns.push(becomes("hears that it is refused", { at: "rememberRefusal" }));
      if (holds && client.beats > 0) turns.push(sends("renew"));
      return turns;
    }
    case "find": {
      if (!holds) return [overlooks];
      if (flights.includes("landed")) {
        const then = order === "serve-then-settle" ? "complete" : "serve";
        return [becomes("finds the settlement", { at: then, settled: true })];
      }
      if (flights.includes("flying")) {
        return [becomes("finds it still under way", { at: "markUnknown", next: "pending" })];
      }
      return [becomes("finds that nothing moved", { at: "release", next: "again" })];
    }
    case "completeLate":
      if (flights[flight] === "landed") return [sends("complete")];
      return [];
    case "ended":
      return [];
  }
}

/** Whether a caller is told of a refusal (402) at this answer to its release. */
export function isRefused({ refusedIf }: PayRules, reply: PayReply | null): boolean {
  return refusedIf === "asked" || reply?.status === "ok";
}

/** The client after its call. Null: an error that leaves the outcome open. */
export function payAnswered(
  client: PayClient,
  call: PayCall,
  reply: PayReply | null,
  rules: PayRules,
  nowMs: number,
): PayClient {
  const status = reply?.status;
  const extended = { untilMs: Math.max(client.untilMs ?? 0, nowMs + rules.leaseMs) };
  const work = rules.order === "serve-then-settle" ? "serve" : "switch";
  switch (call.op) {
    case "claim":
    case "reconcile": {
      if (reply === null) {
        if (call.op === "reconcile" || client.asked !== undefined) return ended(client, "error");
        return { ...client, asked: call.token };
      }
      const { asked: _, ...heard } = client;
      if (reply.status === "claimed") {
        const { fence, ttlMs } = reply.lease;
        const held = { ...heard, lease: { token: call.token, fence }, untilMs: nowMs + ttlMs };
        if (call.op === "reconcile") return { ...held, at: "find" };
        return { ...held, at: client.verified ? work : "wasRefused" };
      }
      if (call.op === "reconcile") return { ...heard, at: "claim" };
      if (status === "done") return ended(client, "paid");
      if (status === "unknown") return { ...heard, at: "reconcile" };
      return status === "in-progress" ? heard : ended(client, "conflict");
    }
    case "wasRefused":
      if (reply === null) return { ...client, at: "release", next: "error" };
      return { ...client, at: status === "absent" ? work : "verify" };
    case "switch":
      if (status === "ok") return { ...client, ...extended, at: "send" };
      if (status === "lost" || nowMs >= (client.untilMs ?? 0)) return again(client, rules);
      return { ...client, at: "release", next: "error" };
    case "renew": {
      const beaten = { ...client, beats: client.beats - 1 };
      if (reply === null) return beaten;
      return status === "ok" ? { ...beaten, ...extended } : { ...beaten, untilMs: nowMs };
    }
    case "note":
      return { ...client, at: "serve" };
    case "complete":
      if (client.at === "completeLate") return ended(client, "pending");
      // Whoever finds a settlement of what was served before does not serve again: once is enough.
      if (status === "ok") return ended(client, client.served ? "fresh" : "paid");
      if (status === "lost") return ended(client, "paid");
      return nowMs < (client.untilMs ?? 0) ? client : ended(client, "pending");
    case "rememberRefusal":
      return { ...client, at: "refuse" };
    case "refuse":
      return ended(client, isRefused(rules, reply) ? "rejected" : "pending");
    case "release":
    case "markUnknown":
      if (client.next === "completeLate") return { ...client, at: "completeLate" };
      return client.next === "again" ? again(client, rules) : ended(client, client.next ?? "pending");
  }
}

function tokenOf(
  { name }: PayClient,
  op: "claim" | "reconcile",
  { tokens }: PayRules,
  used: ReadonlySet<string>,
): string {
  if (tokens !== "new") return tokens === "two" && op === "reconcile" ? `${name}'` : name;
  let number = 1;
  while (used.has(`${name}${number}`)) number += 1;
  return `${name}${number}`;
}

/** Looks at the record anew. */
function again({ name, attempts, beats, verified }: PayClient, { verifiedFor }: PayRules): PayClient {
  if (attempts === 1) return { at: "ended", name, attempts: 0, beats, outcome: "pending" };
  const kept = verified && verifiedFor === "all attempts" ? { verified } : {};
  return { at: "claim", name, attempts: attempts - 1, beats, ...kept };
}

/** Only the outcome is left, so that ends that are alike are one state. */
function ended({ name }: PayClient, outcome: Outcome): PayClient {
  return { at: "ended", name, attempts: 0, beats: 0, outcome };
}
