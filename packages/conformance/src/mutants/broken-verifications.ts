// Ways to break a verification store for the façades over it: its claims, what it keeps, what it writes of a payment.
import type { VerificationStore } from "@tollbooth-stores/core";
import { brokenPort, brokenStore, type Mutant, rewriting } from "./mutant.ts";
import { completeVerifications } from "./verification-mutant-kit.ts";

export type Store = VerificationStore;
export type Name = Parameters<Store["claim"]>[0];
export type Settled = Awaited<ReturnType<Store["deliver"]>>;
type Claimed = Parameters<Store["claim"]>[1];

/** The right store with some methods replaced. `caughtBy`: a property's number. */
export function store(
  caughtBy: string,
  title: string,
  broken: Parameters<typeof brokenStore<Store>>[3],
): Mutant<Store> {
  return brokenStore(completeVerifications, `verifications/${caughtBy}`, title, broken);
}

/** The right store over a broken port. */
export function port(caughtBy: string, title: string, broken: Parameters<typeof brokenPort<Store>>[3]): Mutant<Store> {
  return brokenPort(completeVerifications, `verifications/${caughtBy}`, title, broken);
}

/** Changes a payment's record as it is written; null leaves it as it is. */
export function payments(
  caughtBy: string,
  title: string,
  change: (body: Record<string, unknown>, endsAtMs: number) => { body?: unknown; endsAtMs?: number } | null,
): Mutant<Store> {
  return port(caughtBy, title, (map) =>
    rewriting(map, (record) => {
      const body = typeof record.body === "object" && record.body !== null ? { ...record.body } : {};
      return "payment" in body ? { ...record, ...change(body, record.endsAtMs) } : record;
    }),
  );
}

/** Claims with something else than it was asked to. */
export function claiming(
  caughtBy: string,
  title: string,
  change: (request: Claimed, clock: { now(): number }) => Partial<Claimed>,
): Mutant<Store> {
  return store(caughtBy, title, ({ right, clock }) => ({
    claim: (key, request) => right.claim(key, { ...request, ...change(request, clock) }),
  }));
}

/** Keeps other results than it is given. */
export function keeping(caughtBy: string, title: string, kept: (text: string) => string | undefined): Mutant<Store> {
  return store(caughtBy, title, ({ right }) => {
    const changed = <D extends { kept?: string | undefined }>(given: D): D =>
      given.kept === undefined ? given : { ...given, kept: kept(given.kept) };
    return {
      renew: (key, lease, leaseMs, options) => right.renew(key, lease, leaseMs, changed({ ...options })),
      settle: (key, { deliver, ...rest }) => right.settle(key, { ...rest, deliver: deliver && changed(deliver) }),
      deliver: (key, delivery) => right.deliver(key, changed(delivery)),
    };
  });
}
