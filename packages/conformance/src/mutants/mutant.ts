// What a mutant is: a store, port or harness broken on purpose, and the property that must notice.
import type { AtomicPort, StoredRecord } from "@tollbooth-stores/core";
import type { MapPort } from "@tollbooth-stores/core/testing";
import type { Harness } from "../harness.ts";
import { type Reference, reference } from "./reference.ts";

/** One deliberately broken store. */
export interface Mutant<S> {
  /** The property that must fail on it. */
  caughtBy: string;
  /** What is wrong with it. */
  title: string;
  harness(): Harness<S>;
}

/** What a broken method may use: the right store, the backend beneath, and which namespace this is. */
export interface Workshop<S> extends Omit<Reference, "harnesses"> {
  right: S;
  namespace: string;
}

/** A mutant whose store is the right one with some methods replaced. */
export function brokenStore<S extends object>(
  pick: (reference: Reference) => Harness<S>,
  caughtBy: string,
  title: string,
  broken: (workshop: Workshop<S>) => Partial<S>,
): Mutant<S> {
  return {
    caughtBy,
    title,
    harness() {
      const made = reference();
      const harness = pick(made);
      return {
        ...harness,
        async create(namespace) {
          const right = await harness.create(namespace);
          return { ...right, ...broken({ ...made, right, namespace }) };
        },
      };
    },
  };
}

/** A mutant whose backend is broken beneath core's stores. */
export function brokenPort<S>(
  pick: (reference: Reference) => Harness<S>,
  caughtBy: string,
  title: string,
  broken: (port: MapPort, reference: Omit<Reference, "harnesses">) => Partial<AtomicPort>,
): Mutant<S> {
  return { caughtBy, title, harness: () => pick(reference(broken)) };
}

/** A mutant of something that only a probe shows. */
export function brokenHarness<S>(
  pick: (reference: Reference) => Harness<S>,
  caughtBy: string,
  title: string,
  broken: (harness: Harness<S>, reference: Reference) => Partial<Harness<S>>,
): Mutant<S> {
  return {
    caughtBy,
    title,
    harness() {
      const made = reference();
      const harness = pick(made);
      return { ...harness, ...broken(harness, made) };
    },
  };
}

/** Every write of a port's steps passes through `change`. */
export function rewriting(
  port: AtomicPort,
  change: (record: StoredRecord, key: string, before: StoredRecord | null) => StoredRecord | null | undefined,
): Partial<AtomicPort> {
  return {
    transact: (keys, step, options) =>
      port.transact(
        keys,
        (records, nowMs) => {
          const { writes = [], reply } = step(records, nowMs);
          const changed = writes.map((write, index) =>
            write ? change(write, keys[index] ?? "", records[index] ?? null) : write,
          );
          return { writes: changed, reply };
        },
        options,
      ),
  };
}

/** A port that reads, decides, waits a turn, and writes: it overwrites what was written in between. */
export function withoutAtomicity(port: AtomicPort): Partial<AtomicPort> {
  return {
    async transact(keys, step, options) {
      const decided = await port.transact(keys, (records, nowMs) => ({ reply: step(records, nowMs) }), options);
      await Promise.resolve();
      return port.transact(keys, () => decided, options);
    },
  };
}
