// The `stores` block in the x402-tollbooth gateway's words (rateLimit, timeSession, backend, prefix), read as ours.
import { KEY_SUFFIX } from "@tollbooth-stores/core";
import { isMapping } from "./block-reader.ts";
import { blockKeys, storeNames } from "./common-tables.ts";

/** The vocabulary of a document. */
export type Dialect = "tollbooth-stores" | "x402-tollbooth";

export interface TranslatedStores {
  value: unknown;
  dialect: Dialect;
  /** The place in the document of the value that is read at `path`. */
  shownPath(path: string): string;
  problems: readonly { path: string; message: string }[];
  warnings: readonly { path: string; message: string }[];
}

type Mapping = Record<string, unknown>;

/** The gateway's names of stores that differ from ours. */
const gatewayNames: Readonly<Record<string, string>> = { rateLimit: "rateLimits", timeSession: "sessions" };

/** The gateway's keys of a Redis block. */
const connectionKeys: Readonly<Record<string, string>> = { prefix: "keyPrefix" };
/** The gateway's `options` that have a counterpart here; below, those that need none. */
const optionKeys: Readonly<Record<string, string>> = { connectionTimeout: "connectTimeoutMs" };
const needlessOptions = ["idleTimeout", "autoReconnect", "maxRetries", "enableOfflineQueue", "enableAutoPipelining"];

const noEffect = "has no effect here: connections are kept, always reconnect, and queue nothing while they are down";

function blockOf(stores: Mapping, name: string): Mapping | undefined {
  const block = Object.hasOwn(stores, name) ? stores[name] : undefined;
  return isMapping(block) ? block : undefined;
}

/** The keys of a store's block, in either vocabulary. */
function hasInStores(stores: Mapping, key: string): boolean {
  const names = [...Object.keys(gatewayNames), ...storeNames.map((store) => blockKeys[store])];
  return names.some((name) => Object.hasOwn(blockOf(stores, name) ?? {}, key));
}

/**
 * How a document is known as the gateway's: by `backend` in a store's block, or, where no word is ours alone, by a
 * word that is the gateway's alone. `rateLimit` beside `provider` is a slip in a document of ours.
 */
function isGateways(stores: Mapping): boolean {
  if (hasInStores(stores, "backend")) return true;
  const redis = blockOf(stores, "redis") ?? {};
  const isOurs =
    ["provider", ...storeNames].some((key) => Object.hasOwn(stores, key)) ||
    hasInStores(stores, "provider") ||
    Object.hasOwn(redis, "keyPrefix");
  if (isOurs) return false;
  return Object.hasOwn(redis, "prefix") || Object.keys(gatewayNames).some((name) => blockOf(stores, name));
}

/**
 * Leaves a document of ours as it is. In one of the gateway's, keys that are not the gateway's stay, and our rules
 * judge them.
 */
export function translateStores(stores: unknown): TranslatedStores {
  const renamed = new Map<string, string>();
  const problems: TranslatedStores["problems"][number][] = [];
  const warnings: TranslatedStores["warnings"][number][] = [];
  const same = { value: stores, dialect: "tollbooth-stores", shownPath: (path: string) => path } as const;
  if (!isMapping(stores) || !isGateways(stores)) return { ...same, problems, warnings };

  /** Copies `from` into `to`, renaming keys. `at` is the path where it is read, `was` the path where it stands. */
  function copy(from: Mapping, to: Mapping, names: Readonly<Record<string, string>>, at: string, was: string): void {
    for (const [key, value] of Object.entries(from)) {
      const name = Object.hasOwn(names, key) ? (names[key] ?? key) : key;
      if (Object.hasOwn(to, name)) {
        problems.push({ path: `${was}.${key}`, message: `${name} is given twice, by two names; keep one of the two` });
        continue;
      }
      // Not an assignment, so that a key named __proto__ stays a key.
      Object.defineProperty(to, name, { value, enumerable: true, configurable: true, writable: true });
      if (`${at}.${name}` !== `${was}.${key}`) renamed.set(`${at}.${name}`, `${was}.${key}`);
    }
  }

  /** A Redis block: url, prefix, options. */
  function copyRedis(from: Mapping, to: Mapping, at: string, was: string): void {
    const { options, ...rest } = from;
    copy(rest, to, connectionKeys, at, was);
    if (!isMapping(options)) {
      if (options !== undefined) copy({ options }, to, {}, at, was);
      return;
    }
    const kept: Mapping = {};
    for (const [key, value] of Object.entries(options)) {
      if (needlessOptions.includes(key)) warnings.push({ path: `${was}.options.${key}`, message: noEffect });
      else kept[key] = value;
    }
    copy(kept, to, optionKeys, at, `${was}.options`);
  }

  const value: Mapping = {};
  copy(stores, value, gatewayNames, "stores", "stores");
  // Where no store names its backend, a described Redis is the choice.
  const isUnchosen = !hasInStores(stores, "backend") && !Object.hasOwn(stores, "provider");
  if (isUnchosen && isMapping(value.redis)) value.provider = "redis";
  const shared = value.redis;
  if (isMapping(shared)) {
    const redis: Mapping = {};
    copyRedis(shared, redis, "stores.redis", "stores.redis");
    value.redis = redis;
  }
  for (const store of storeNames) {
    const name = blockKeys[store];
    const written = Object.hasOwn(value, name) ? value[name] : undefined;
    if (!isMapping(written)) continue;
    const was = renamed.get(`stores.${name}`) ?? `stores.${name}`;
    const { redis, ...rest } = written;
    const block: Mapping = {};
    copy(rest, block, { backend: "provider" }, `stores.${name}`, was);
    if (isMapping(redis)) {
      if (isUnchosen) block.provider = "redis";
      const connection: Mapping = {};
      copyRedis(redis, connection, `stores.${name}`, `${was}.redis`);
      const { keyPrefix, ...others } = connection;
      // The gateway's prefix of a store is the base of its keys. Ours is used as written.
      copy(others, block, {}, `stores.${name}`, `stores.${name}`);
      if (typeof keyPrefix === "string") block.keyPrefix = keyPrefix + KEY_SUFFIX[store];
      else if (keyPrefix !== undefined) block.keyPrefix = keyPrefix;
    } else if (redis !== undefined) block.redis = redis;
    value[name] = block;
  }
  return { value, dialect: "x402-tollbooth", shownPath: (path) => originalPath(path, renamed), problems, warnings };
}

/** The path as it stands in the document: its longest renamed part, and the rest. */
function originalPath(path: string, renamed: ReadonlyMap<string, string>): string {
  for (let end = path.length; end > 0; end = Math.max(path.lastIndexOf(".", end - 1), path.lastIndexOf("[", end - 1))) {
    const original = renamed.get(path.slice(0, end));
    if (original !== undefined) return original + path.slice(end);
  }
  return path;
}
