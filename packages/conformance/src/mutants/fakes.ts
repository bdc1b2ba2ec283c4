// Stand-ins for what only a real provider has (a bound, a second process, a deny cache), right ones and broken ones.
import {
  type AtomicPort,
  type RateLimitCheck,
  type RateLimitStore,
  type StoredRecord,
  StoreError,
} from "@tollbooth-stores/core";
import type { RawEntry } from "../harness.ts";
import type { Reference } from "./reference.ts";

/**
 * A port on a Map with room for `maxEntries`. When it is full it drops a record that `isEvictable` allows, or refuses. With `shareOf`
 * a share that holds three times what is free gets no more.
 */
export function boundedPort(
  clock: { now(): number },
  maxEntries: number,
  isEvictable: (record: StoredRecord) => boolean,
  shareOf?: (key: string) => string,
): AtomicPort {
  const records = new Map<string, StoredRecord>();
  const droppable = new Set<string>();
  const held = new Map<string, number>();
  const count = (key: string, by: number) => {
    if (shareOf !== undefined) held.set(shareOf(key), (held.get(shareOf(key)) ?? 0) + by);
  };
  const remove = (key: string) => {
    if (records.delete(key)) count(key, -1);
    droppable.delete(key);
  };
  const full = () => new StoreError("STORE_CAPACITY", "The store is full; raise maxEntries.");
  return {
    capabilities: { shared: false, atomic: true, durable: false },
    async transact(keys, step) {
      const nowMs = clock.now();
      const live = keys.map((key) => {
        const record = records.get(key);
        return record !== undefined && record.endsAtMs > nowMs ? record : null;
      });
      const { writes = [], reply } = step(live, nowMs);
      const added = keys.filter((key, index) => writes[index] && !records.has(key)).length;
      const victims = [...droppable]
        .filter((key) => !keys.includes(key))
        .slice(0, Math.max(0, records.size + added - maxEntries));
      // Before anything is written: all of a step's writes, or none.
      if (added > 0 && records.size - victims.length + added > maxEntries) {
        throw full();
      }
      const [key = ""] = keys;
      if (added > 0 && shareOf !== undefined && victims.length === 0) {
        if ((held.get(shareOf(key)) ?? 0) >= 3 * (maxEntries - records.size)) throw full();
      }
      if (added > 0) victims.forEach(remove);
      writes.forEach((write, index) => {
        const key = keys[index] ?? "";
        if (write === undefined) return;
        remove(key);
        if (write === null) return;
        records.set(key, write);
        count(key, 1);
        if (isEvictable(write)) droppable.add(key);
      });
      return reply;
    },
    async check() {
      if (records.size - droppable.size >= maxEntries) throw full();
    },
    async close() {},
  };
}

/** A port that, once it was full, refuses every write. */
export function refusingWhenFull(port: AtomicPort): AtomicPort {
  let wasFull = false;
  return {
    ...port,
    async transact(keys, step, options) {
      const guarded: typeof step = (records, nowMs) => {
        const decided = step(records, nowMs);
        if (wasFull && decided.writes?.some((write) => write !== undefined)) {
          throw new StoreError("STORE_CAPACITY", "The store is full; raise maxEntries.");
        }
        return decided;
      };
      return port.transact(keys, guarded, options).catch((error: unknown) => {
        wasFull = true;
        throw error;
      });
    },
  };
}

/** An end that says: the backend itself would never drop this. */
const neverMs = Number.MAX_SAFE_INTEGER;

/** Takes the TTL from a namespace's records. */
export function persistRecords({ port }: Pick<Reference, "port">, namespace: string): void {
  for (const [key, record] of [...port.records]) {
    if (key.startsWith(`${namespace}:`)) port.put(key, { ...record, endsAtMs: neverMs });
  }
}

/** Shows records without a TTL as such. */
export function withoutTtl(entries: readonly RawEntry[], clock: { now(): number }): RawEntry[] {
  return entries.map((entry) => (entry.ttlMs === neverMs - clock.now() ? { ...entry, ttlMs: null } : entry));
}

/** How a deny cache behaves; the right one is `{ maxMs: 50, maxEntries: 20 }`. */
export interface DenyCacheOptions {
  maxMs: number;
  maxEntries: number;
  /** Broken: denies cheaper calls too. */
  ignoresCost?: boolean;
}

const cacheSizes = new WeakMap<RateLimitStore, () => number>();

/** How many denials a store made by `withDenyCache` remembers. */
export function denyCacheSize(store: RateLimitStore): number {
  return cacheSizes.get(store)?.() ?? 0;
}

/** A negative cache in front of a store, per identity and limit. */
export function withDenyCache(store: RateLimitStore, options: DenyCacheOptions): RateLimitStore {
  const denials = new Map<
    string,
    { cost: number; untilMs: number; decision: Awaited<ReturnType<RateLimitStore["consume"]>> }
  >();
  const idOf = ({ route, client, policy }: RateLimitCheck) => JSON.stringify([route, client, policy]);
  const forgetting = <R>(check: RateLimitCheck, reply: Promise<R>) => {
    denials.delete(idOf(check));
    return reply;
  };
  const cached: RateLimitStore = {
    ...store,
    async consume(check, callOptions) {
      const { cost = 1 } = check;
      const known = denials.get(idOf(check));
      if (
        known !== undefined &&
        performance.now() < known.untilMs &&
        (options.ignoresCost === true || cost >= known.cost)
      ) {
        return { ...known.decision, source: "deny-cache" };
      }
      const decision = await store.consume(check, callOptions);
      if (!decision.allowed && decision.retryAfterMs !== null) {
        if (denials.size >= options.maxEntries) denials.clear();
        const untilMs = performance.now() + Math.min(options.maxMs, decision.retryAfterMs);
        denials.set(idOf(check), { cost, untilMs, decision });
      }
      return decision;
    },
    refund: (check, receipt, callOptions) => forgetting(check, store.refund(check, receipt, callOptions)),
    reset: (check, callOptions) => forgetting(check, store.reset(check, callOptions)),
  };
  cacheSizes.set(cached, () => denials.size);
  return cached;
}
