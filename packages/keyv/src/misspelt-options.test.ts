// A misspelt option is refused by every factory: it would be ignored without a word.
import { expect, it } from "vitest";
import {
  createKeyvRateLimitStore,
  createKeyvSessionStore,
  createKeyvStores,
  createKeyvVerificationStore,
  type KeyvStoresOptions,
} from "./create-keyv-stores.ts";

const keyv = new Map();
const misspelt = [
  [{ keyv, keyprefix: "mine" }, 'Unknown option "keyprefix"; did you mean "keyPrefix"?'],
  [{ keyv, comandTimeoutMs: 5 }, 'Unknown option "comandTimeoutMs"; did you mean "commandTimeoutMs"?'],
  [{ keyv, instance: 2 }, 'Unknown option "instance"; did you mean "instances"?'],
  [
    { keyv, defaults: { windowms: 5, idleTtlMs: 5 } },
    'Unknown option "windowms" in `defaults`; did you mean "windowMs"?',
  ],
] as const;
const all: KeyvStoresOptions = {
  keyv,
  keyPrefix: "mine",
  keySecret: "secret",
  ttlJitter: 0,
  defaults: { windowMs: 1, idleTtlMs: 1, valueTtlMs: 1 },
  codec: undefined,
  maxValueBytes: 10,
  commandTimeoutMs: 10,
  shared: false,
  durable: true,
  clock: Date,
  instances: 1,
};

it.each([createKeyvStores, createKeyvRateLimitStore, createKeyvSessionStore, createKeyvVerificationStore])(
  "%o takes every option and refuses a misspelt one",
  (create) => {
    expect(() => create(all)).not.toThrow();
    for (const [options, message] of misspelt) {
      expect(() => create({ ...options })).toThrow(expect.objectContaining({ code: "STORE_CONFIG", message }));
    }
  },
);
