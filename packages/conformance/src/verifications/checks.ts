// Small steps that the properties of verifications share.
import assert from "node:assert/strict";
import type { Claim, Lease, LeaseExpiry, PaymentClaim, VerificationStore } from "@tollbooth-stores/core";
import type { Bench, Property } from "../property.ts";

export type VerificationProperty = Property<VerificationStore>;
export type VerificationBench = Bench<VerificationStore>;

export const minute = 60_000;
export const hour = 3_600_000;
export const day = 86_400_000;
export const leaseMs = 10_000;
/** A record is kept at least this long after its lease; and at most so long ahead. */
export const floorMs: number = 600_000;
export const ceilingMs: number = 2_678_400_000;

interface Asked {
  fingerprint?: string;
  leaseMs?: number;
  onLeaseExpiry?: LeaseExpiry;
  retainUntilMs?: number;
  payment?: PaymentClaim;
}

/** A store together with its present instant, which it is asked for once. */
export interface Desk {
  store: VerificationStore;
  nowMs(): number;
  advance(ms: number): Promise<void>;
  /** A claim for ten seconds under "retry", retained for an hour, unless told otherwise. */
  claim(key: string, token: string, asked?: Asked): Promise<Claim>;
  /** The same, which must succeed. */
  hold(key: string, token: string, asked?: Asked): Promise<Lease>;
  /** A claim with a payment, by its payload "payload 1" unless told otherwise. */
  pay(key: string, token: string, asked?: Asked): Promise<Claim>;
  /** The same, which must give a lease: of a payment that is free, or of one that is owed. */
  holdPayment(key: string, token: string, asked?: Asked): Promise<Lease>;
  /** A payment that is settled and owed, "goods" kept, its claimant gone. */
  owe(key: string, asked?: Asked): Promise<void>;
  /** Completes as accepted, with a value kept for a minute and a marker for an hour, unless told otherwise. */
  complete(key: string, lease: Lease, value: string, more?: Partial<Completion>): Promise<{ status: string }>;
}

type Completion = Parameters<VerificationStore["complete"]>[2];

export async function desk(bench: VerificationBench, namespace?: string): Promise<Desk> {
  return deskOf(bench, await bench.open(namespace));
}

export async function deskOf(bench: VerificationBench, store: VerificationStore): Promise<Desk> {
  const key = `what time is it ${bench.namespace()}`;
  const mark = (token: string) => store.markOnce(key, { token, fingerprint: "f", retainUntilMs: 0 });
  await mark("first");
  const told = await mark("second");
  assert.equal(told.status, "already-marked", "a second token is told when the first marked");
  let elapsedMs = 0;
  const startMs = told.status === "already-marked" ? told.atMs : 0;
  const nowMs = () => startMs + elapsedMs;
  const made: Desk = {
    store,
    nowMs,
    async advance(ms) {
      elapsedMs += ms;
      await bench.advance(ms);
    },
    claim: (key, token, asked = {}) =>
      store.claim(key, {
        token,
        fingerprint: "f",
        leaseMs,
        onLeaseExpiry: "retry",
        retainUntilMs: nowMs() + hour,
        ...asked,
      }),
    hold: async (key, token, asked) => leaseIn(await made.claim(key, token, asked)),
    pay: (key, token, asked = {}) => made.claim(key, token, { payment: payment1, ...asked }),
    holdPayment: async (key, token, asked) => leaseIn(await made.pay(key, token, asked)),
    async owe(key, asked) {
      const lease = await made.holdPayment(key, "payer", asked);
      assert.deepEqual(await store.renew(key, lease, leaseMs, { onLeaseExpiry: "unknown", kept: "goods" }), ok);
      assert.deepEqual(await store.settle(key, { receipt: "tx 1" }), owedWith("goods"));
    },
    complete: (key, lease, value, more) =>
      store.complete(key, lease, {
        outcome: "accepted",
        value,
        valueTtlMs: minute,
        retainUntilMs: nowMs() + hour,
        ...more,
      }),
  };
  return made;
}

/** The lease of a claim that must have succeeded: of a free record, or of an owed payment. */
export function leaseIn(claim: Claim): Lease {
  assert.ok(claim.status === "claimed" || claim.status === "settled", `${claim.status}, which gives no lease`);
  assert.ok(claim.lease !== undefined, "no lease");
  return claim.lease;
}

/** What a settled payment's caller is told. */
export function owedWith(kept?: string): { status: "settled"; receipt: string; kept?: string } {
  return { status: "settled", receipt: "tx 1", ...(kept !== undefined && { kept }) };
}

export function countClaimed(claims: readonly Claim[]): number {
  return claims.filter(({ status }) => status === "claimed").length;
}

export function lostTo(current: string): { status: "lost"; current: string } {
  return { status: "lost", current };
}

export const payment1: PaymentClaim = { payload: "payload 1" };
export const ok: { status: "ok" } = { status: "ok" };
