// What the properties of all stores share: one call of every method, and some state to call them on.
import assert from "node:assert/strict";
import type { CallOptions, Lease, SessionRecord, Stores } from "@tollbooth-stores/core";
import type { Property } from "../property.ts";

export type StoresProperty = Property<Stores>;

/** Stores with something in each of them. */
export interface Furnished {
  stores: Stores;
  session: SessionRecord<unknown>;
  lease: Lease;
  /** Of what was consumed. */
  receipt: string;
}

export const check = {
  route: "GET /data",
  client: "client-identifier",
  policy: { algorithm: "fixed-window", limit: 100, windowMs: 60_000 },
} as const;
export const claim = {
  token: "token",
  fingerprint: "f",
  leaseMs: 60_000,
  onLeaseExpiry: "unknown",
  retainUntilMs: 0,
} as const;

export async function furnish(stores: Stores): Promise<Furnished> {
  const { receipt = "" } = await stores.rateLimits.consume(check);
  const { record } = await stores.sessions.create({
    data: "session data",
    subject: "subject-name",
    idleTtlMs: 3_600_000,
    quotas: { calls: 100n },
  });
  const claimed = await stores.verifications.claim("payment-key", claim);
  assert.ok(claimed.status === "claimed");
  return { stores, session: record, lease: claimed.lease, receipt };
}

/** Every method of every store, by name, as one call that would succeed. Calls that end things come last. */
export function everyCall({
  stores,
  session,
  lease,
  receipt,
}: Furnished): Record<string, (options?: CallOptions) => Promise<unknown>> {
  const { rateLimits, sessions, verifications } = stores;
  const { id } = session;
  const marker = { token: "t", fingerprint: "f", retainUntilMs: 0 };
  return {
    consume: (options) => rateLimits.consume(check, options),
    consumeAll: (options) => rateLimits.consumeAll([check, { ...check, route: "GET /other" }], options),
    peek: (options) => rateLimits.peek(check, options),
    charge: (options) => rateLimits.charge(check, options),
    refund: (options) => rateLimits.refund(check, receipt, options),
    block: (options) => rateLimits.block({ ...check, client: "blocked" }, 1_000, options),
    reset: (options) => rateLimits.reset({ ...check, client: "nobody" }, options),
    get: (options) => sessions.get(id, options),
    getMany: (options) => sessions.getMany([id], options),
    create: (options) => sessions.create({ data: 1, idleTtlMs: 1_000 }, options),
    update: (options) => sessions.update(id, 1, { ...options, ifVersion: session.version }),
    modify: (options) => sessions.modify(id, () => 2, options),
    touch: (options) => sessions.touch(id, options),
    credit: (options) => sessions.credit(id, { opId: "payment", extendMs: 1_000 }, options),
    debit: (options) => sessions.debit(id, { quota: "calls", amount: 1n, opId: "call" }, options),
    listBySubject: (options) => drain(sessions.listBySubject("subject-name", options)),
    claim: (options) => verifications.claim("payment-key", claim, options),
    renew: (options) => verifications.renew("payment-key", lease, 60_000, options),
    note: (options) => verifications.note("payment-key", lease, "tx", options),
    "verifications.peek": (options) => verifications.peek("payment-key", options),
    reconcile: (options) => verifications.reconcile("payment-key", { token: "finder", leaseMs: 1_000 }, options),
    markOnce: (options) => verifications.markOnce("marker", marker, options),
    unresolved: (options) => drain(verifications.unresolved(options)),
    ping: (options) => stores.ping(options),
    check: (options) => stores.check(options),
    complete: (options) =>
      verifications.complete(
        "payment-key",
        lease,
        { outcome: "accepted", value: "receipt", retainUntilMs: 0 },
        options,
      ),
    release: (options) => verifications.release("payment-key", lease, options),
    markUnknown: (options) => verifications.markUnknown("payment-key", lease, "tx", options),
    rotate: (options) => sessions.rotate(id, options),
    delete: (options) => sessions.delete(id, options),
    deleteBySubject: (options) => sessions.deleteBySubject("subject-name", options),
  };
}

async function drain(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The limit, the session and the claim that `furnish` made, as these stores tell of them. */
export async function stateOf(
  { rateLimits, sessions, verifications }: Stores,
  { session }: Pick<Furnished, "session">,
): Promise<Record<string, unknown>> {
  return {
    "rate limits": await rateLimits.peek(check),
    sessions: await sessions.get(session.id),
    verifications: await verifications.peek("payment-key"),
  };
}

/** Session data, quota and claims through one set of stores, read through another: the same answers. */
export async function assertSameState(here: Stores, there: Stores, furnished: Furnished): Promise<void> {
  assert.deepEqual(await stateOf(there, furnished), await stateOf(here, furnished));
}
