// A misspelt option is refused by every factory: it would be ignored without a word.
import { expect, it } from "vitest";
import {
  createMemoryRateLimitStore,
  createMemorySessionStore,
  createMemoryStores,
  createMemoryVerificationStore,
  type MemoryOptions,
} from "./create-memory-stores.ts";

const misspelt = [
  [{ keyprefix: "mine", ttlJitter: 0 }, 'Unknown option "keyprefix"; did you mean "keyPrefix"?'],
  [{ maxEntrys: 5, ttlJitter: 0 }, 'Unknown option "maxEntrys"; did you mean "maxEntries"?'],
  [{ defaults: { windowms: 5, idleTtlMs: 5 } }, 'Unknown option "windowms" in `defaults`; did you mean "windowMs"?'],
] as const;
const all: MemoryOptions = {
  keyPrefix: "mine",
  keySecret: "secret",
  ttlJitter: 0,
  defaults: { windowMs: 1, idleTtlMs: 1, valueTtlMs: 1 },
  codec: undefined,
  maxValueBytes: 10,
  maxEntries: 10,
  clock: Date,
};

it.each([createMemoryStores, createMemoryRateLimitStore, createMemorySessionStore, createMemoryVerificationStore])(
  "%o takes every option and refuses a misspelt one",
  (create) => {
    expect(() => create(all)).not.toThrow();
    for (const [options, message] of misspelt) {
      expect(() => create({ ...options })).toThrow(expect.objectContaining({ code: "STORE_CONFIG", message }));
    }
  },
);
