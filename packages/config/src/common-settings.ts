// The options that every provider takes, read from the store's block, the provider's block and `stores` itself.
import {
  DEFAULT_KEY_PREFIX,
  isStoreError,
  KEY_SUFFIX,
  resolveStoreOptions,
  type StoreOptions,
} from "@tollbooth-stores/core";
import { type Block, blockReader, type ReadingContext, type ShownSetting } from "./block-reader.ts";
import type { StoreName } from "./store-provider.ts";

/** What `ttlSeconds` of a store's block is the default of. */
const durationOf = { rateLimits: "windowMs", sessions: "idleTtlMs", verifications: "valueTtlMs" } as const;

/** `own` is the store's block; `outer` are those that it falls back to, nearest first. */
export function readCommonSettings(
  store: StoreName,
  own: Block | undefined,
  outer: readonly Block[],
  context: ReadingContext,
  shown: Map<string, ShownSetting>,
): StoreOptions {
  const inner = own === undefined ? [] : [own];
  const reader = blockReader([...inner, ...outer], context, shown);

  // A store's own prefix is used as written; one that stores share is told apart by a suffix.
  const ownPrefix = blockReader(inner, context, shown).text("keyPrefix");
  const sharedPrefix = blockReader(outer, context, shown).text("keyPrefix") ?? DEFAULT_KEY_PREFIX;
  const keyPrefix = ownPrefix ?? sharedPrefix + KEY_SUFFIX[store];
  shown.set("keyPrefix", keyPrefix);
  const refusal = refusalOfPrefix(keyPrefix, store);
  if (refusal !== undefined) reader.problem("keyPrefix", refusal);
  const keySecret = reader.texts("keySecret", { secret: true });
  const ttlMs = blockReader(inner, context, shown).seconds("ttlSeconds");
  return {
    keyPrefix,
    keySecret,
    ttlJitter: reader.number("ttlJitter", { min: 0, max: 0.5 }),
    // Rate limits store no values of the application's.
    maxValueBytes: store === "rateLimits" ? undefined : reader.integer("maxValueBytes", { min: 1, max: 536_870_912 }),
    defaults: { [durationOf[store]]: ttlMs },
  };
}

/** Core knows what a prefix may be; its message begins with the option's name, ours with its path. */
function refusalOfPrefix(keyPrefix: string, store: StoreName): string | undefined {
  try {
    resolveStoreOptions({ keyPrefix }, store);
    return undefined;
  } catch (error) {
    if (!isStoreError(error, "STORE_CONFIG")) throw error;
    return error.message.replace("keyPrefix ", "");
  }
}
