// The one thing that a backend provides: atomic read-decide-write on a few keys, by the backend's own clock.
import type { CallOptions, Capabilities, PortCallOptions } from "./call-options.ts";

/** Plain data that survives JSON, with its own end. The first byte of its stored form names the format. */
export interface StoredRecord {
  /** Unix epoch milliseconds on the backend's clock. The record is live strictly before this instant. */
  readonly endsAtMs: number;
  /** Never mutated once stored. A backend may keep and hand out the same object. */
  readonly body: unknown;
}

/** The decision of one step. */
export interface Step<R> {
  /**
   * One entry a key, in the order of `keys`: undefined keeps the record, null deletes it. Left out: nothing is written.
   */
  writes?: readonly (StoredRecord | null | undefined)[];
  /** The result of `transact`. */
  reply: R;
}

/** The name of a record that is asked for again and again. */
export interface NamedRecord {
  readonly key: string;
  /** For the port alone: where it found the record last. */
  place: unknown;
}

/**
 * The backend of the three stores. To add a provider, write one of these and run `@tollbooth-stores/conformance`.
 *
 * `transact` applies all of a step's writes or none. It rejects when the backend cannot be reached, and never answers
 * falsely. It rejects with what `step` throws, and then nothing is written.
 */
export interface AtomicPort {
  readonly capabilities: Capabilities;
  /**
   * Runs the pure, synchronous `step` on the live records of `keys`; null stands for a record that is absent or has
   * ended. It is atomic against every other `transact` on any of these keys, and uses the backend's clock. `step` may
   * run more than once; only the last run's writes and reply count. `keys` holds no key twice.
   */
  transact<R>(
    keys: readonly string[],
    step: (records: readonly (StoredRecord | null)[], nowMs: number) => Step<R>,
    options?: PortCallOptions,
  ): Promise<R>;
  /**
   * Optional: `transact` of a single record, answered at once, for a port that has nothing to wait for. `step` also gets
   * `given`. Throws what `step` throws, and StoreErrors only where the port fails. The stores call it instead of
   * `transact` for the most frequent calls, unless there is a signal. A port that wraps another one has to wrap both, or
   * leave this out.
   */
  decide?<R, A>(
    name: NamedRecord,
    step: (record: StoredRecord | null, nowMs: number, given: A) => Step<R>,
    given: A,
  ): R;
  /** Optional: live keys under a prefix, best effort, each at least once. */
  scan?(prefix: string, options?: CallOptions): AsyncIterable<string>;
  /**
   * Optional: rejects where a new record would be refused now, and changes nothing. For a port on which writing a probe
   * has an effect (it evicts, say), or which has one deadline for all of it. `key` belongs to no store and is free.
   * Without it, `check()` of the stores writes a probe through `transact` and removes it.
   */
  check?(key: string, options?: CallOptions): Promise<void>;
  /** Optional wake-ups for `wait()` between stores of this process. A hint may be lost or false: `wait()` polls too. */
  hint?: { publish(key: string): void; subscribe(key: string, wake: () => void): () => void };
  /** Idempotent; never rejects; closes only what the port opened. */
  close(): Promise<void>;
}
