// What payOnce's tests share: stores on one Map port, a ledger that counts what moved, stores that fail, and faked time.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, vi } from "vitest";
import { StoreError } from "../errors.ts";
import { type PaymentMessage, paymentChannel } from "../payment-telemetry.ts";
import { type MapPort, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import type { Keep, Payment, PaymentSteps } from "./payment.ts";
import type { VerificationStore } from "./verification-store.ts";

export const leaseMs = 3_000;
export type Order = "serve-then-settle" | "settle-then-serve";
export const orders: readonly Order[] = ["serve-then-settle", "settle-then-serve"];
export const hour = 3_600_000;
export const day: number = 24 * hour;

/** What a seller's chain saw. It ignores nonces: every settle moves money again; findSettlement tells the truth. */
export interface Ledger {
  transfers: number;
  verifies: number;
  serves: number;
  settles: number;
  searches: (string | undefined)[];
}

export interface PaymentWorld {
  readonly port: MapPort;
  /** Two instances on one port. */
  readonly stores: readonly [VerificationStore, VerificationStore];
  readonly payment: Payment;
  readonly ledger: Ledger;
  /** What was told on the telemetry channel. */
  readonly messages: PaymentMessage[];
  /** SIGSTOP: time passes, and no timer fires. */
  standStill(ms: number): void;
}

/** Takes faked time for granted. */
export function makeWorld(): PaymentWorld & { hear(message: unknown): void; now(): number } {
  let stoodStillMs = 0;
  const steadyNow = performance.now.bind(performance);
  const port = mapPort({ now: () => Date.now() + stoodStillMs });
  const messages: PaymentMessage[] = [];
  return {
    port,
    stores: [createVerificationStore(port), createVerificationStore(port)],
    payment: { key: "payment", payloadHash: "payload", fingerprint: "f", validUntilMs: Date.now() + hour },
    ledger: { transfers: 0, verifies: 0, serves: 0, settles: 0, searches: [] },
    messages,
    standStill(ms) {
      stoodStillMs += ms;
    },
    hear: (message) => void messages.push(structuredClone(message) as PaymentMessage),
    now: () => steadyNow() + stoodStillMs,
  };
}

/** Fakes time, and makes the world anew for each test; `renew` does so within one. */
export function paymentWorld(): PaymentWorld & { renew(): void } {
  let world: ReturnType<typeof makeWorld> | undefined;
  const current = () => {
    if (world === undefined) throw new Error("The world is made for each test.");
    return world;
  };
  const begin = () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
    world = makeWorld();
    vi.spyOn(performance, "now").mockImplementation(world.now);
    subscribe(paymentChannel, world.hear);
  };
  const end = () => {
    unsubscribe(paymentChannel, current().hear);
    vi.restoreAllMocks();
    vi.clearAllTimers();
    vi.useRealTimers();
  };
  beforeEach(begin);
  afterEach(end);
  return {
    get port() {
      return current().port;
    },
    get stores() {
      return current().stores;
    },
    get payment() {
      return current().payment;
    },
    get ledger() {
      return current().ledger;
    },
    get messages() {
      return current().messages;
    },
    standStill: (ms) => current().standStill(ms),
    renew() {
      end();
      begin();
    },
  };
}

/** An honest seller; `more` replaces what a test is about. */
export function sellerOf(
  { ledger, payment }: Pick<PaymentWorld, "ledger" | "payment">,
  more: Partial<PaymentSteps<string>> = {},
): PaymentSteps<string> {
  return {
    async verify() {
      ledger.verifies += 1;
      return { ok: true };
    },
    async serve() {
      ledger.serves += 1;
      return "content";
    },
    async settle() {
      ledger.settles += 1;
      ledger.transfers += 1;
      return { ok: true, receipt: "tx" };
    },
    async findSettlement(evidence) {
      ledger.searches.push(evidence);
      if (ledger.transfers > 0) return { receipt: "tx" };
      return Date.now() > payment.validUntilMs ? { none: "expired" } : "unknown";
    },
    ...more,
  };
}

/** Keeps a text as it is. */
export const keep: Keep<string> = { write: (result) => result, read: (text) => text };

export const never = (): Promise<never> => new Promise<never>(() => undefined);
export const lostReply = (): StoreError => new StoreError("STORE_UNAVAILABLE", "reply lost", { outcome: "unknown" });
export const notSent = (): StoreError => new StoreError("STORE_UNAVAILABLE", "not sent", { outcome: "not-applied" });

/** A promise to be settled by hand. */
export function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Runs `work` while time passes. */
export async function passing<T>(ms: number, work: Promise<T>): Promise<T> {
  const guarded = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await vi.advanceTimersByTimeAsync(ms);
  const result = await guarded;
  if ("error" in result) throw result.error;
  return result.value;
}

/** One call of a store: `method` on the record `name`; `apply` makes it. */
export interface StoreUse {
  readonly method: string;
  readonly name: unknown;
  readonly given: readonly unknown[];
  apply(): Promise<unknown>;
}

/** A store whose calls all go through `around`; `wait` and the lists do not. */
export function intercepted(store: VerificationStore, around: (use: StoreUse) => Promise<unknown>): VerificationStore {
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function" || ["wait", "unresolved", "close"].includes(String(property))) return value;
      return (...given: unknown[]) =>
        around({
          method: String(property),
          name: given[0],
          given,
          async apply() {
            return Reflect.apply(value, target, given);
          },
        });
    },
  });
}
