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
const wrong = [
  [null, /^The options must be an object/],
  [{ keyv, clock: null }, /^clock must have the function now/],
  [{ keyv, durable: "true" }, /^shared and durable must be true or false/],
  [{ keyv, shared: 1 }, /^shared and durable must be true or false/],
  [{ keyv, codec: {} }, /^codec must have/],
  ...[undefined, null, 5, "map", {}].map((none) => [{ keyv: none }, /^The option keyv must be/] as const),
  [{ keyv, keyPrefix: 5 }, /^keyPrefix must be/],
  [{ keyv, keyPrefix: "" }, /^keyPrefix must be/],
  [{ keyv, keyPrefix: null }, /^keyPrefix must be/],
  [{ keyv, keySecret: null }, /^keySecret must be/],
  [{ keyv, ttlJitter: null }, /^ttlJitter must be/],
  [{ keyv, defaults: null }, /^`defaults` must be an object/],
  [{ keyv, maxValueBytes: "10" }, /^maxValueBytes must be/],
  ...[null, "500", 0, 2 ** 31].map((ms) => [{ keyv, commandTimeoutMs: ms }, /^commandTimeoutMs must be/] as const),
  ...[null, "1", 0, 1.5].map((instances) => [{ keyv, instances }, /^instances must be/] as const),
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
    // As plain JavaScript passes them.
    for (const [options, message] of wrong) {
      const refused = { code: "STORE_CONFIG", message: expect.stringMatching(message) };
      expect(() => Reflect.apply(create, undefined, [options])).toThrow(expect.objectContaining(refused));
    }
  },
);
