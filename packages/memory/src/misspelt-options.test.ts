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
const wrong = [
  [null, /^The options must be an object/],
  [{ clock: null }, /^clock must have the function now/],
  [{ clock: { now: 5 } }, /^clock must have the function now/],
  [{ keyPrefix: 5 }, /^keyPrefix must be/],
  [{ keySecret: null }, /^keySecret must be/],
  [{ codec: {} }, /^codec must have/],
  [{ keyPrefix: "" }, /^keyPrefix must be/],
  [{ keyPrefix: null }, /^keyPrefix must be/],
  [{ ttlJitter: "0.1" }, /^ttlJitter must be/],
  [{ defaults: null }, /^`defaults` must be an object/],
  [{ defaults: { idleTtlMs: "1h" } }, /^defaults.idleTtlMs must be/],
  [{ maxValueBytes: null }, /^maxValueBytes must be/],
  ...[null, "5", 0, 1.5, 10_000_001].map((maxEntries) => [{ maxEntries }, /^maxEntries must be/] as const),
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
    // As plain JavaScript passes them.
    for (const [options, message] of wrong) {
      const refused = { code: "STORE_CONFIG", message: expect.stringMatching(message) };
      expect(() => Reflect.apply(create, undefined, [options])).toThrow(expect.objectContaining(refused));
    }
  },
);
