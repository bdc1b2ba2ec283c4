// What the broken verification stores are made with, and the harness on which the right one passes every property.
import {
  type AtomicPort,
  createVerificationStore,
  isEvictableVerification,
  type StoredRecord,
  type VerificationStore,
} from "@tollbooth-stores/core";
import type { ManualClock } from "@tollbooth-stores/core/testing";
import type { Harness } from "../harness.ts";
import { boundedPort } from "./fakes.ts";
import { brokenHarness, brokenPort, brokenStore, type Mutant, rewriting } from "./mutant.ts";
import { type Reference, reference } from "./reference.ts";

/** The right store, with stand-ins for every probe that core on a Map does not have. */
export function completeVerifications(
  { clock, harnesses: { verifications } }: Reference = reference(),
): Harness<VerificationStore> {
  return {
    ...verifications,
    probes: {
      ...verifications.probes,
      spawn: async (namespace) => verifications.create(namespace),
      bounded: (keyPrefix, maxEntries) =>
        createVerificationStore(boundedPort(clock, maxEntries, isEvictableVerification), { keyPrefix }),
    },
  };
}

/** A rejection that is done protects nothing; nor does what was given back. */
export function isRejection({ body }: StoredRecord): boolean {
  return fieldsOf(body).state === "rejected";
}

type VerificationMutant = Mutant<VerificationStore>;

/** A mutant with some methods replaced; with another backend; with another harness. */
export const store = (
  caughtBy: string,
  title: string,
  broken: Parameters<typeof brokenStore<VerificationStore>>[3],
): VerificationMutant => brokenStore(completeVerifications, caughtBy, title, broken);
export const port = (
  caughtBy: string,
  title: string,
  broken: Parameters<typeof brokenPort<VerificationStore>>[3],
): VerificationMutant => brokenPort(completeVerifications, caughtBy, title, broken);
export const harness = (
  caughtBy: string,
  title: string,
  broken: Parameters<typeof brokenHarness<VerificationStore>>[3],
): VerificationMutant => brokenHarness(completeVerifications, caughtBy, title, broken);

/** A harness whose bounded store is on another port. */
export const bounded = (
  caughtBy: string,
  title: string,
  made: (clock: ManualClock, maxEntries: number) => AtomicPort,
): VerificationMutant =>
  harness(caughtBy, title, (complete, { clock }) => ({
    probes: {
      ...complete.probes,
      bounded: (keyPrefix, maxEntries) => createVerificationStore(made(clock, maxEntries), { keyPrefix }),
    },
  }));

/** A port that changes what is kept beside a payment; null drops it, undefined leaves it as it was. */
export const keptTexts = (
  caughtBy: string,
  title: string,
  change: (record: StoredRecord) => StoredRecord | null | undefined,
): VerificationMutant =>
  port(caughtBy, title, (map) => rewriting(map, (record, key) => (key.endsWith(":k") ? change(record) : record)));

/** A port that changes what a claim's record holds; markers are left alone. */
export const records = (
  caughtBy: string,
  title: string,
  change: (
    body: Record<string, unknown>,
    record: StoredRecord,
    before: Record<string, unknown>,
  ) => Partial<StoredRecord> | null,
): VerificationMutant =>
  port(caughtBy, title, (map) =>
    rewriting(map, (record, _key, before) => {
      const body = fieldsOf(record.body);
      if (!("leaseUntilMs" in body)) return record;
      const changed = change(body, record, fieldsOf(before?.body));
      return changed === null ? null : { ...record, ...changed };
    }),
  );

export function fieldsOf(body: unknown): Record<string, unknown> {
  return typeof body === "object" && body !== null ? { ...body } : {};
}
