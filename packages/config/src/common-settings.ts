// The options that every provider takes, read from the store's block, the provider's block and `stores` itself.
import {
  DEFAULT_KEY_PREFIX,
  isStoreError,
  KEY_SUFFIX,
  resolveStoreOptions,
  type StoreOptions,
} from "@tollbooth-stores/core";
import { type Block, blockReader, type ReadingContext, type ShownSetting } from "./block-reader.ts";
import { ownTable, sharedTable, standardTtlMs, usualTtl } from "./common-tables.ts";
import type { StoreName } from "./store-provider.ts";

/** The option to which `ttlSeconds` of a store's block gives the default. */
const durationOf = { rateLimits: "windowMs", sessions: "idleTtlMs", verifications: "valueTtlMs" } as const;

/** `own` is the store's block. `outer` are the blocks that it falls back to, nearest first. */
export function readCommonSettings(
  store: StoreName,
  own: Block | undefined,
  outer: readonly Block[],
  context: ReadingContext,
  shown: Map<string, ShownSetting>,
): StoreOptions {
  const inner = own === undefined ? [] : [own];
  const reader = blockReader([...inner, ...outer], context, shown);
  const ownReader = blockReader(inner, context, shown);

  // A store's own prefix is used as written. A shared prefix gets a suffix for each store.
  const ownPrefix = sharedTable.keyPrefix.read(ownReader, "keyPrefix");
  const sharedPrefix =
    sharedTable.keyPrefix.read(blockReader(outer, context, shown), "keyPrefix") ?? DEFAULT_KEY_PREFIX;
  const keyPrefix = ownPrefix ?? sharedPrefix + KEY_SUFFIX[store];
  shown.set("keyPrefix", keyPrefix);
  const refusal = refusalOfPrefix(keyPrefix, store);
  if (refusal !== undefined) reader.problem("keyPrefix", refusal);
  const keySecret = sharedTable.keySecret.read(reader, "keySecret");
  const ttlMs = ownTable.ttlSeconds.read(ownReader, "ttlSeconds");
  const usual = usualTtl[store];
  if (ttlMs !== undefined && (ttlMs < usual.minMs || ttlMs > usual.maxMs)) {
    const asMilliseconds = ttlMs / 1_000;
    const isThousandfold = asMilliseconds >= usual.minMs && asMilliseconds <= usual.maxMs;
    const guess = isThousandfold ? "; it counts seconds, and looks like milliseconds" : "";
    ownReader.warning("ttlSeconds", `is outside the ${usual.words}${guess}`);
  }
  return {
    keyPrefix,
    keySecret,
    ttlJitter: sharedTable.ttlJitter.read(reader, "ttlJitter"),
    // Rate limits store no values of the application.
    maxValueBytes: store === "rateLimits" ? undefined : sharedTable.maxValueBytes.read(reader, "maxValueBytes"),
    defaults: { [durationOf[store]]: ttlMs ?? standardTtlMs[store] },
  };
}

/** Core checks the prefix. Its message begins with the option's name, ours with the path. */
function refusalOfPrefix(keyPrefix: string, store: StoreName): string | undefined {
  try {
    resolveStoreOptions({ keyPrefix }, store);
    return undefined;
  } catch (error) {
    if (!isStoreError(error, "STORE_CONFIG")) throw error;
    return error.message.replace("keyPrefix ", "");
  }
}
