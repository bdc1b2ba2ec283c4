// The AtomicPort on any Keyv adapter: reads, decides and writes under one lock for each key. Atomic only among the
// callers of this process, since no adapter can compare and set.
import type { AtomicPort, CallOptions, PortCallOptions, Step, StoredRecord } from "@tollbooth-stores/core";
import { localHints, resolveStoreOptions, StoreError } from "@tollbooth-stores/core";
import { type CheckedAdapter, checkedAdapter, type KeyvLike } from "./checked-adapter.ts";
import { type Attempt, withinDeadline } from "./deadline.ts";
import { decodeRecord, encodeRecord } from "./envelope.ts";
import { type KeyLocks, keyLocks } from "./key-locks.ts";
import { type Change, inSafeOrder } from "./write-order.ts";
import { probeWrite } from "./write-probe.ts";

/** The default of `commandTimeoutMs`. */
export const DEFAULT_COMMAND_TIMEOUT_MS = 500;

/** The longest `commandTimeoutMs`: the longest wait of a timer. */
const longestTimeoutMs = 2_147_483_647;
/** How much longer than its life the adapter keeps a record: the adapter's clock may be ahead of this machine's. */
const graceMs = 60_000;

export interface KeyvPortOptions {
  /** A Keyv, a storage adapter of Keyv 5 or 6, or a Map. `close()` leaves it open: it belongs to its owner. */
  keyv: KeyvLike;
  /** How long one call may take, its wait for other calls on the same key included. Milliseconds, default 500. */
  commandTimeoutMs?: number | undefined;
  /** Becomes `capabilities.shared`: true where other processes use the same backend. Default false. */
  shared?: boolean | undefined;
  /** Becomes `capabilities.durable`: true where the adapter's data outlives this process. Default false. */
  durable?: boolean | undefined;
  /** Spread of physical deletion, 0..0.5, default 0.1. */
  ttlJitter?: number | undefined;
  /** Unix epoch milliseconds; fractions are cut off. Default `Date`. */
  clock?: { now(): number } | undefined;
}

/** All ports on one backend through one adapter share their locks and hints. */
const sharedByAdapter = new WeakMap<object, { locks: KeyLocks; hint: ReturnType<typeof localHints> }>();

function sharedBy(identity: object) {
  const found = sharedByAdapter.get(identity) ?? { locks: keyLocks(), hint: localHints() };
  sharedByAdapter.set(identity, found);
  return found;
}

/**
 * A call rejects within `commandTimeoutMs` (STORE_UNAVAILABLE): "not-applied" while it waited or read, "unknown" once
 * it wrote. Its keys stay locked until the adapter has settled what it was given, so that a late write overtakes
 * nothing. Until then other calls on these keys reject too. A call past its deadline begins no write.
 *
 * The writes of one step are applied one after the other (`write-order.ts`). Where one fails, those before it are
 * undone as far as the adapter allows. If the process dies between two writes, the later ones are missing.
 */
export function keyvPort(options: KeyvPortOptions): AtomicPort {
  const { commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS, clock = Date } = options;
  const { ttlJitter } = resolveStoreOptions({ ttlJitter: options.ttlJitter }, "sessions");
  if (!Number.isSafeInteger(commandTimeoutMs) || commandTimeoutMs < 1 || commandTimeoutMs > longestTimeoutMs) {
    throw new StoreError("STORE_CONFIG", `commandTimeoutMs must be whole milliseconds from 1 to ${longestTimeoutMs}.`);
  }
  const { shared = false, durable = false } = options;
  if (typeof shared !== "boolean" || typeof durable !== "boolean") {
    throw new StoreError("STORE_CONFIG", "shared and durable must be true or false.");
  }
  if (typeof clock?.now !== "function") throw new StoreError("STORE_CONFIG", "clock must have the function now.");
  const adapter = checkedAdapter(options.keyv);
  const { locks, hint } = sharedBy(adapter.identity);
  let closed = false;

  const requireOpen = () => {
    if (closed) throw new StoreError("STORE_CLOSED", "This Keyv port was closed; create a new one.");
  };
  const readClock = () => {
    const nowMs = Math.floor(clock.now());
    if (Number.isSafeInteger(nowMs) && nowMs >= 0) return nowMs;
    throw new StoreError("STORE_CONFIG", "The option clock must answer now() with milliseconds since 1970, 0 or more.");
  };
  const liveAt = (record: StoredRecord | null, nowMs: number) =>
    record !== null && record.endsAtMs > nowMs ? record : null;

  const put = async (key: string, record: StoredRecord | null, nowMs: number) => {
    if (record === null) return adapter.remove(key);
    const remainingMs = (record.endsAtMs - nowMs) * (1 + Math.random() * ttlJitter);
    return adapter.write(key, encodeRecord(record), Date.now() + Math.ceil(remainingMs) + graceMs);
  };

  /**
   * Undoes from the failed write back to the first, and stops where that fails too. So a beginning of the order always
   * remains.
   */
  const undo = async (written: readonly Change[], nowMs: number) => {
    for (const { key, before } of [...written].reverse()) await put(key, before, nowMs);
  };

  const write = async (changes: readonly Change[], nowMs: number) => {
    for (const [index, { key, after }] of changes.entries()) {
      try {
        await put(key, after, nowMs);
      } catch (error) {
        // A lone write is not undone: a retry by token or opId finds it done, or does it.
        if (index > 0) await undo(changes.slice(0, index + 1), nowMs).catch(() => undefined);
        throw error;
      }
    }
  };

  const decide = async <R>(
    keys: readonly string[],
    step: (records: readonly (StoredRecord | null)[], nowMs: number) => Step<R>,
    { signal, writing }: Attempt,
  ): Promise<R> => {
    const found = (await allSettled(keys.map(adapter.read))).map(decodeRecord);
    // Too late: the caller has been told that nothing was written.
    signal.throwIfAborted();
    const nowMs = readClock();
    const records = found.map((record) => liveAt(record, nowMs));
    const { writes = [], reply } = step(records, nowMs);
    const changes: Change[] = [];
    keys.forEach((key, index) => {
      const wanted = writes[index];
      if (wanted === undefined) return;
      // A record that has already ended when it is written is a deletion. An absent key needs none.
      const after = liveAt(wanted, nowMs);
      if (after !== null || found[index] !== null) changes.push({ key, before: records[index] ?? null, after });
    });
    if (changes.length > 0) writing();
    await write(inSafeOrder(changes), nowMs);
    return reply;
  };

  const scan = async function* (entries: NonNullable<CheckedAdapter["entries"]>, prefix: string, call?: CallOptions) {
    requireOpen();
    const iterator = entries();
    try {
      while (true) {
        const next = await withinDeadline(commandTimeoutMs, call?.signal, () => iterator.next());
        if (next.done === true) return;
        requireOpen();
        const [key, stored] = next.value;
        const isOurs = typeof key === "string" && key.startsWith(prefix);
        if (isOurs && liveAt(decodeRecord(stored), readClock()) !== null) yield key;
      }
    } finally {
      // Not awaited: an iterator that hangs must not hold up a caller that stops reading.
      iterator.return?.().catch(() => undefined);
    }
  };

  const { entries } = adapter;
  return {
    capabilities: { shared, atomic: false, durable },
    async transact<R>(
      keys: readonly string[],
      step: (records: readonly (StoredRecord | null)[], nowMs: number) => Step<R>,
      call?: PortCallOptions,
    ): Promise<R> {
      call?.signal?.throwIfAborted();
      requireOpen();
      const work = async (attempt: Attempt) => {
        const release = await locks.acquire(keys, attempt.signal);
        try {
          return await decide(keys, step, attempt);
        } finally {
          release();
        }
      };
      return withinDeadline(commandTimeoutMs, call?.signal, work, call?.startedAtMs);
    },
    async check(key, call) {
      call?.signal?.throwIfAborted();
      requireOpen();
      return withinDeadline(commandTimeoutMs, call?.signal, ({ writing }) => {
        writing();
        return probeWrite(adapter, key, readClock());
      });
    },
    ...(entries === undefined ? {} : { scan: (prefix: string, call?: CallOptions) => scan(entries, prefix, call) }),
    hint,
    async close() {
      closed = true;
      adapter.close();
    },
  };
}

/**
 * Waits until no read is under way, because a read may delete an expired value. Then rejects with the first failure, if
 * any.
 */
async function allSettled(reads: readonly Promise<unknown>[]): Promise<unknown[]> {
  await Promise.allSettled(reads);
  return Promise.all(reads);
}
