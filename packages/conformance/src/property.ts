// A property as data, and the bench it runs on: the same object is a test of a suite and the judge of a broken store.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import type { Harness, Need, Probes } from "./harness.ts";

/** One checkable sentence about a store. `run` rejects where it does not hold. */
export interface Property<S> {
  /** `<area>/<number><letter>`: the number is that of the published list. */
  readonly id: string;
  readonly title: string;
  readonly needs?: readonly Need[];
  run(bench: Bench<S>): Promise<void>;
}

/** What a property works with. Stores opened through it are closed after the run. */
export interface Bench<S> {
  readonly maxValueBytes: number;
  /** A namespace never used before. */
  namespace(): string;
  /** A store on a fresh namespace, or one more instance on the given one. */
  open(namespace?: string): Promise<S>;
  /** Takes a store that a probe made into the bench's care. */
  keep(store: Promise<S> | S): Promise<S>;
  advance(ms: number): Promise<void>;
  /** A probe that the property's `needs` names. */
  probe<N extends keyof Probes<S>>(name: N): NonNullable<Probes<S>[N]>;
  /** Random inputs; a failure prints seed and path, and `seed` in the harness repeats it. */
  forAll<T>(inputs: fc.Arbitrary<T>, runs: number, check: (input: T) => Promise<void>): Promise<void>;
}

/** The needs of a property that a harness does not meet. */
export function unmetNeeds<S>(property: Property<S>, harness: Harness<S>): readonly Need[] {
  const { shared, atomic } = harness.capabilities ?? { shared: true, atomic: true };
  const instances = atomic && (harness.instances ?? shared);
  return (property.needs ?? []).filter((need) =>
    need === "instances" ? !instances : harness.probes?.[need] === undefined,
  );
}

/** Runs one property on its own bench. Rejects where the property does not hold. */
export async function runProperty<S extends { close(): Promise<void> }>(
  property: Property<S>,
  harness: Harness<S>,
): Promise<void> {
  const opened: S[] = [];
  const namespace = () => `conformance-${randomBytes(6).toString("hex")}`;
  const keep = async (made: Promise<S> | S) => {
    const store = await made;
    opened.push(store);
    return store;
  };
  const bench: Bench<S> = {
    maxValueBytes: harness.maxValueBytes ?? 65_536,
    namespace,
    keep,
    open: (given = namespace()) => keep(harness.create(given)),
    advance: async (ms) => harness.advance(ms),
    probe(name) {
      const probe = harness.probes?.[name];
      if (probe === undefined || probe === null) throw new Error(`${property.id} needs the probe "${name}".`);
      return probe;
    },
    forAll: (inputs, numRuns, check) =>
      fc.assert(fc.asyncProperty(inputs, check), {
        numRuns,
        ...(harness.seed === undefined ? {} : { seed: harness.seed }),
      }),
  };
  try {
    await property.run(bench);
  } finally {
    await Promise.all(opened.map((store) => store.close()));
  }
}
