// What the chaos run and its sellers' processes tell one another.
import type { PlannedPayment, Point } from "./plan.ts";

/** How a seller's process makes its stores. */
export interface StoreSettings {
  client: "ioredis" | "node-redis" | "memory";
  port: number;
}

export interface PaymentRequest {
  /** Unique to this request; a payment is requested until its payer has what it paid for. */
  request: number;
  payment: PlannedPayment;
  validBeforeMs: number;
  leaseMs: number;
}

/** What a request ended with. */
export type Told =
  | { status: "fresh" | "kept"; content: string }
  | { status: "empty" | "conflict" }
  | { status: "rejected"; reason: string }
  | { status: "pending"; retryAfterMs: number }
  | { status: "error"; message: string };

export type ToWorker =
  | { kind: "open"; settings: StoreSettings }
  | { kind: "pay"; request: PaymentRequest }
  | { kind: "go"; ask: number; abort: boolean }
  | { kind: "reply"; ask: number; value?: unknown; error?: string };

export type FromWorker =
  | { kind: "ready" }
  /** A point with a strike is reached: waits for "go". At "answer" with what payOnce answered. */
  | { kind: "at"; ask: number; request: number; point: Point; told?: Told }
  | { kind: "transfer" | "find"; ask: number; request: number }
  | { kind: "told"; request: number; told: Told };
