// payOnce as a program of single steps: what verification/pay-once.ts and pay-attempt.ts do, one store call at a time.
// Time passes, and others act, between any two of them.
import type { Claim, Ended } from "../verification/verification-store.ts";
import type { Turn } from "./world.ts";

/** What one caller of payOnce knows. `untilMs`: its lease is live strictly before that instant. */
export interface PayClient {
  readonly at:
    | "claim"
    | "switch"
    | "send"
    | "settling"
    | "note"
    | "complete"
    | "reconcile"
    | "find"
    | "release"
    | "markUnknown"
    | "completeLate"
    | "ended";
  readonly token: string;
  /** A claim whose answer got lost is sent once more. */
  readonly resent?: true;
  readonly lease?: Held;
  readonly untilMs?: number;
  /** Its lease is over an earlier attempt's unknown outcome. */
  readonly reconciling?: true;
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
  | ({ readonly op: "renew" | "switch" | "note" | "complete" | "release" | "markUnknown" } & Held);
export type PayReply = Claim | Ended;

/** What became of each settlement that was sent. */
export type Flight = "flying" | "landed" | "dropped";

export interface PayRules {
  readonly order: "serve-then-settle" | "settle-then-serve";
  readonly leaseMs: number;
  /** Nobody claims later: verify refuses the payload. */
  readonly validUntilMs: number;
  /** payOnce reconciles under another token than it claims with. */
  readonly reconcilesAs: "itself" | "another";
}

/** Whether it acts as the holder of a live lease. */
export function believesToHold({ at, untilMs }: PayClient, nowMs: number): boolean {
  const working = ["switch", "send", "settling", "note", "complete", "find"].includes(at);
  return working && untilMs !== undefined && nowMs < untilMs;
}

/** The client's next steps. `flights` is what the ledger would answer. */
export function payTurns(
  client: PayClient,
  { order, reconcilesAs, validUntilMs }: PayRules,
  flights: readonly Flight[],
  nowMs: number,
): Turn<PayClient, PayCall, readonly Flight[]>[] {
  const { token, lease, untilMs = 0, flight = -1 } = client;
  const holds = nowMs < untilMs;
  const becomes = (does: string, change: Partial<PayClient>) => ({ does, local: { ...client, ...change } });
  const sends = (op: Exclude<PayCall["op"], "claim" | "reconcile">) => {
    if (lease === undefined) throw new Error(`The program calls ${op} without a lease.`);
    return { call: { op, ...lease } };
  };
  // A settlement that outlives its attempt is still recorded, but where the result is still owed.
  const givesUp = { at: "markUnknown", next: order === "serve-then-settle" ? "completeLate" : "pending" } as const;
  switch (client.at) {
    case "claim":
      if (nowMs >= validUntilMs) return [{ does: "finds it no longer valid", local: ended(client, "rejected") }];
      return [{ call: { op: "claim", token } }];
    case "reconcile":
      return [{ call: { op: "reconcile", token: reconcilesAs === "itself" ? token : `${token}'` } }];
    case "switch":
    case "note":
    case "complete":
    case "release":
    case "markUnknown":
      return [sends(client.at)];
    case "send":
      if (!holds) return [becomes("sees its lease over", { at: "markUnknown", next: "pending" })];
      return [
        {
          ...becomes("sends the settlement", { at: "settling", flight: flights.length }),
          ghost: [...flights, "flying"],
        },
      ];
    case "settling": {
      const turns: Turn<PayClient, PayCall, readonly Flight[]>[] = [becomes("gives up waiting", givesUp)];
      const done = order === "serve-then-settle" ? "complete" : "note";
      if (flights[flight] === "landed") turns.push(becomes("hears that it landed", { at: done }));
      if (flights[flight] === "dropped") {
        turns.push(becomes("hears that it is refused", { at: "release", next: "rejected" }));
      }
      if (holds && client.beats > 0) turns.push(sends("renew"));
      return turns;
    }
    case "find": {
      if (!holds) return [becomes("sees its lease over", { at: "markUnknown", next: "pending" })];
      if (flights.includes("landed")) return [becomes("finds the settlement", { at: "complete" })];
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

/** The client after its call. Null: an error that leaves the outcome open. */
export function payAnswered(
  client: PayClient,
  call: PayCall,
  reply: PayReply | null,
  { order, leaseMs }: PayRules,
  nowMs: number,
): PayClient {
  const status = reply?.status;
  const extended = { untilMs: Math.max(client.untilMs ?? 0, nowMs + leaseMs) };
  switch (call.op) {
    case "claim":
    case "reconcile": {
      if (reply === null) {
        if (call.op === "reconcile" || client.resent) return ended(client, "error");
        return { ...client, resent: true };
      }
      const { resent: _, ...asked } = client;
      if (reply.status === "claimed") {
        const { fence, ttlMs } = reply.lease;
        const held = { ...asked, lease: { token: call.token, fence }, untilMs: nowMs + ttlMs };
        return call.op === "claim" ? { ...held, at: "switch" } : { ...held, at: "find", reconciling: true };
      }
      if (call.op === "reconcile") return { ...asked, at: "claim" };
      if (status === "done") return ended(client, "paid");
      if (status === "unknown") return { ...asked, at: "reconcile" };
      return status === "in-progress" ? asked : ended(client, "conflict");
    }
    case "switch":
      if (status === "ok") return { ...client, ...extended, at: "send" };
      if (status === "lost" || nowMs >= (client.untilMs ?? 0)) return again(client);
      return { ...client, at: "release", next: "error" };
    case "renew": {
      const beaten = { ...client, beats: client.beats - 1 };
      if (reply === null) return beaten;
      return status === "ok" ? { ...beaten, ...extended } : { ...beaten, untilMs: nowMs };
    }
    case "note":
      return { ...client, at: "complete" };
    case "complete":
      if (client.at === "completeLate") return ended(client, "pending");
      // Served in the attempt before it was settled: once is enough.
      if (status === "ok") {
        return ended(client, client.reconciling && order === "serve-then-settle" ? "paid" : "fresh");
      }
      if (status === "lost") return ended(client, "paid");
      return nowMs < (client.untilMs ?? 0) ? client : ended(client, "pending");
    case "release":
    case "markUnknown":
      if (client.next === "completeLate") return { ...client, at: "completeLate" };
      return client.next === "again" ? again(client) : ended(client, client.next ?? "pending");
  }
}

/** Looks at the record anew. */
function again({ token, attempts, beats }: PayClient): PayClient {
  if (attempts === 1) return { at: "ended", token, attempts: 0, beats, outcome: "pending" };
  return { at: "claim", token, attempts: attempts - 1, beats };
}

/** Only the outcome is left, so that ends that are alike are one state. */
function ended({ token }: PayClient, outcome: Outcome): PayClient {
  return { at: "ended", token, attempts: 0, beats: 0, outcome };
}
