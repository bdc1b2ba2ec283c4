// What the chaos run and its sellers' processes tell one another.
import { createHash } from "node:crypto";
import type { PlannedPayment } from "./plan.ts";
import type { Fault, Point } from "./points.ts";

export type Client = "ioredis" | "node-redis" | "memory";

/** What a seller's process is. */
export interface SellerSettings {
  client: Client;
  port: number;
  leaseMs: number;
  /** Ends what is in doubt, on a timer. */
  operates: boolean;
}

export interface PaymentRequest {
  /** Unique to this request; a payment is requested until its payer has what it paid for. */
  request: number;
  payment: PlannedPayment;
  validBeforeMs: number;
}

/** What a request ended with. `digest`: of the content. */
export type Told =
  | { status: "fresh" | "kept"; digest: string }
  /** Delivered before, and nothing was kept. */
  | { status: "empty" }
  | { status: "conflict" }
  | { status: "rejected"; reason: string }
  | { status: "pending"; retryAfterMs: number }
  | { status: "error"; message: string };

export type ToWorker =
  | { kind: "open"; settings: SellerSettings }
  | { kind: "pay"; request: PaymentRequest }
  /** The payer has given this request up. */
  | { kind: "leave"; request: number }
  | { kind: "go"; ask: number; fault?: Fault }
  | { kind: "reply"; ask: number; value?: unknown; error?: string }
  /** Told back when nothing is under way any more. */
  | { kind: "drain" };

/** Answered with "go" or "reply", or never where the seller is killed for it. */
export type Question =
  /** A point with a strike is reached. An operator knows its payment by the handle alone. */
  | { kind: "at"; ask: number; of: number | { handle: string }; point: Point }
  | { kind: "transfer"; ask: number; id: number }
  | { kind: "find"; ask: number; id: number };

export type Notice =
  /** payOnce has answered `fresh: true`: told before anything else is done with it. */
  | { kind: "fresh"; request: number }
  /** A delivery is being sent to the store; it was taken back. */
  | { kind: "delivering"; request: number }
  | { kind: "undelivered"; request: number };

export type FromWorker =
  | { kind: "ready" | "drained" }
  | { kind: "told"; request: number; told: Told }
  | Question
  | Notice;

/** What is sold. */
export function contentOf({ id, keep }: Pick<PlannedPayment, "id" | "keep">): string {
  const content = `content of payment ${id}`;
  // Larger than a store's maxValueBytes, which is 65,536.
  return keep === "too large" ? content.padEnd(66_000, ".") : content;
}

export function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** What a ledger says that refuses for now: the payer asks again. */
export const NO_FUNDS = "There are no funds yet.";
