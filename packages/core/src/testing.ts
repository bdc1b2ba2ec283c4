// An AtomicPort on a Map, and a clock that tests advance. Also the smallest correct example of a port.
import type { AtomicPort, Step, StoredRecord } from "./atomic-port.ts";
import { localHints } from "./local-hints.ts";

/** A clock that moves only when told to. */
export interface ManualClock {
  now(): number;
  advance(ms: number): void;
}

/** Starts at `startMs`, by default 2026-01-01T00:00:00Z. A negative step turns the clock back. */
export function manualClock(startMs = 1_767_225_600_000): ManualClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
  };
}

/** A port whose records a test can inspect. */
export interface MapPort extends AtomicPort {
  /** Every record. An ended one stays until it is next read. */
  readonly records: ReadonlyMap<string, StoredRecord>;
  /** Stores any record as it is, e.g. a corrupt one. */
  put(key: string, record: StoredRecord): void;
}

/**
 * Unbounded, single-process, atomic because `step` is synchronous. To share records, give several `createStores` one
 * port.
 */
export function mapPort(clock: { now(): number } = Date): MapPort {
  const records = new Map<string, StoredRecord>();
  const live = (key: string, nowMs: number) => {
    const record = records.get(key);
    if (record !== undefined && record.endsAtMs > nowMs) return record;
    records.delete(key);
    return null;
  };
  return {
    capabilities: { shared: false, atomic: true, durable: false },
    records,
    put: (key, record) => void records.set(key, record),
    async transact<R>(
      keys: readonly string[],
      step: (found: readonly (StoredRecord | null)[], nowMs: number) => Step<R>,
    ): Promise<R> {
      const nowMs = clock.now();
      const { writes = [], reply } = step(
        keys.map((key) => live(key, nowMs)),
        nowMs,
      );
      writes.forEach((write, index) => {
        const key = keys[index];
        if (write === undefined || key === undefined) return;
        if (write === null) records.delete(key);
        else records.set(key, structuredClone(write));
      });
      return reply;
    },
    async *scan(prefix) {
      for (const key of [...records.keys()]) if (key.startsWith(prefix) && live(key, clock.now()) !== null) yield key;
    },
    hint: localHints(),
    async close() {},
  };
}
