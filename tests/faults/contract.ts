// What the run and its instances ask of one another.
import type { ConnectionMessage } from "@tollbooth-stores/core";
import type { RedisConnection } from "@tollbooth-stores/ioredis";

export const clients = ["ioredis", "node-redis"] as const;
export type Client = (typeof clients)[number];

export interface Opening {
  connection: RedisConnection;
  keyPrefix: string;
  /** Default DEADLINE_MS. */
  commandTimeoutMs?: number;
  /** Default true: it is open once there is a connection. */
  waits?: boolean;
}

/** What an instance does wrong, for tests that must see it: see instance/mistakes.ts. */
export type Mistake =
  | "markers are not recorded"
  | "an absent session is answered during an outage"
  | "calls outlive their deadline"
  | "connections are not made again"
  | "payments are not remembered"
  | "a rejection is not handled";

export interface Load {
  /** Names the keys of this load, and its payments, which other instances of the same load present, too. */
  name: string;
  mistake?: Mistake;
}

/** An effect that was acknowledged and is gone. */
export interface Lost {
  what: string;
  ackedAtMs: number;
}

export interface LoadReport {
  /** Calls that were answered. */
  answered: number;
  /** Calls that were refused as unavailable: they certainly had no effect, or they may have had one. */
  notApplied: number;
  unknown: number;
  /** False answers, and errors of another kind. */
  wrong: string[];
  /** Calls that settled after their deadline. */
  late: string[];
  lost: Lost[];
  /** The longest time for which the process did not run. */
  stalledMs: number;
}

/** How one call ended. */
export type Ended = { tookMs: number } & (
  | { value: unknown }
  | { code: string; outcome: "not-applied" | "unknown"; message: string }
);

/** One payment, as payOnce takes it. */
export interface Pay {
  id: string;
  /** Default: those of the payment's id. */
  payload?: string;
  fingerprint?: string;
  leaseMs: number;
  /** Its signature is not the payer's, who alone knows the collector. Default false. */
  forged?: boolean;
  /** The ledger takes an authorization once, so findSettlement may settle the same one again. Default false. */
  ledgerMovesOnce?: boolean;
  /** The run is asked before these steps go on, by `reached`. */
  stops?: readonly Step[];
  /** Default one minute from now. */
  validUntilMs?: number;
}

export type Step = "verify" | "settle" | "moved" | "answer";

/** What became of a payment here. */
export type PayEnded =
  | { status: "fresh" | "kept" | "empty" | "conflict" }
  | { status: "rejected"; reason: string }
  | { status: "pending"; retryAfterMs: number }
  | { status: "error"; message: string };

export interface Resources {
  /** Of each kind that keeps a process alive, how many. */
  handles: Record<string, number>;
  /** Of the process and of its channels. */
  listeners: number;
  heapBytes: number;
}

/** What an instance does for the run. */
export interface InstanceJobs {
  /** Opens stores over a connection of their own. Those that were open before are closed. */
  open(opening: Opening): Promise<void>;
  /** One call of a store, timed. */
  call(store: "rateLimits" | "sessions" | "verifications", method: string, ...args: unknown[]): Promise<Ended>;
  startLoad(load: Load): void;
  /** When all keys answered again for good after `sinceMs`; undefined while one does not. */
  recoveredAt(sinceMs: number): number | undefined;
  /** How many calls of the load have been answered so far, and how many were refused as unavailable. */
  counts(): { answered: number; refused: number };
  /** Ends the load, and looks whether all that was acknowledged is still there. */
  stopLoad(): Promise<LoadReport>;
  pay(payment: Pay): Promise<PayEnded>;
  /** verifyOnce, with a verifier that asks `reached("verify")` and accepts. */
  verify(payload: string, leaseMs: number): Promise<{ ok: boolean; ran: boolean } | { error: string }>;
  /** Reconciles payments in doubt, by `find`. */
  reconcile(leaseMs: number): Promise<Record<string, number>>;
  /** The latest turns of the stores' connections since `open`. */
  turns(): ConnectionMessage[];
  /** The instance's own clock is wrong by so much from now on, in milliseconds. */
  skewClock(ms: number): void;
  /** What the process holds now, after a collection of garbage. */
  resources(): Promise<Resources>;
  /** Closes the stores, and names the handles that are left in the process. */
  close(): Promise<string[]>;
}

/** What the run does for its instances. */
export interface RunJobs {
  /** Moves the money. The ledger has no nonce check, unless the payment says so. */
  transfer(id: string, movesOnce: boolean): Promise<{ receipt: string } | { refused: string }>;
  /** What the ledger knows of a payment. */
  find(id: string): { receipt: string } | "unknown" | "void";
  /** payOnce answered `fresh: true`. */
  fresh(id: string): void;
  /** Answered when the step may go on; "abort" says that the caller is gone. */
  reached(step: Step, id: string): Promise<"go" | "abort">;
}
