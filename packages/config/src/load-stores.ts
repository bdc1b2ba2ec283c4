// loadStores: from a document to running stores, or to one error that lists every problem of the document.
import {
  combineStores,
  failOpen,
  type RateLimitStore,
  StoreError,
  type Stores,
  withFallback,
} from "@tollbooth-stores/core";
import { closestKey, shownKey } from "@tollbooth-stores/core/native";
import { createMemoryRateLimitStore } from "@tollbooth-stores/memory";
import type { RedisServer } from "@tollbooth-stores/redis-protocol";
import { isMapping, mergeKey } from "./block-reader.ts";
import { closeWithLast } from "./close-with-last.ts";
import { storeNames } from "./common-tables.ts";
import { refuseErrors, withLimitsFallback } from "./examination.ts";
import { type Dialect, translateStores } from "./gateway-dialect.ts";
import { keyvProvider } from "./keyv-provider.ts";
import { type LoadOptions, requireLoadOptions } from "./load-options.ts";
import { memoryProvider } from "./memory-provider.ts";
import { type Plan, planStores, type StoreDescription } from "./plan-stores.ts";
import { collectProblems, collectWarnings } from "./problems.ts";
import { providerRegistry } from "./provider-registry.ts";
import { readSource } from "./read-source.ts";
import { redisProviders } from "./redis/redis-clients.ts";
import { watchSafety } from "./safety-watch.ts";
import type { ExaminationOptions, Examined, OpenedStores, StoreName } from "./store-provider.ts";

/** The chosen settings, fit for a log: secrets are masked. */
export interface StoresDescription extends Record<StoreName, StoreDescription> {
  /** The vocabulary of the document: this package's, or the x402-tollbooth gateway's. */
  dialect: Dialect;
  /** The warnings that were given. */
  warnings: readonly string[];
}

export interface LoadedStores<T = unknown> extends Stores<T> {
  /** A copy each time. */
  describe(): StoresDescription;
  /**
   * Faults of the backends behind the stores: whether they may forget payments, who may reach them, what their
   * user may do. It reads, and changes nothing. Never rejects: a server that does not answer is an error among the
   * findings.
   */
  examine(options?: ExaminationOptions): Promise<readonly Examined[]>;
  /**
   * Each Redis primary behind the stores, for questions that only read, such as INFO; none for memory and Keyv. A server
   * that two connections lead to is there twice. Each answer has `stepMs` milliseconds (default 500). Rejects where a
   * cluster's primaries are not known.
   */
  servers(stepMs?: number): Promise<readonly RedisServer[]>;
}

/**
 * Opens the stores that a document's `stores` key describes. Its other keys are the application's and are not read.
 * `source` is an object, text with a line break (YAML or JSON), or a file's path.
 *
 * Throws STORE_CONFIG with every problem at once, each with its path and none with a value. With `strict` it throws
 * STORE_CONFIG also for servers that are not safe for payments, and STORE_UNAVAILABLE where a server takes no call: then the
 * start may be tried again. Nothing is open then.
 */
export async function loadStores<T = unknown>(source: unknown, options: LoadOptions = {}): Promise<LoadedStores<T>> {
  requireLoadOptions(options);
  const { env = process.env, providers = [], codec } = options;
  const builtIn = [memoryProvider(), ...redisProviders(), keyvProvider(options.keyv)];
  const registry = providerRegistry(builtIn, providers);
  const { value, origin, folder } = await readSource(source);
  const stores = translateStores(storesOf(value, origin));
  const { dialect, shownPath } = stores;
  const problems = collectProblems(origin, shownPath);
  const warnings = collectWarnings(shownPath);
  for (const { path, message } of stores.problems) problems.add(path, message);
  for (const { path, message } of stores.warnings) warnings.add(path, message);
  const environment = env === false ? undefined : env;
  const context = { problems, warnings, environment, folder: options.folder ?? folder, blocks: [] };
  const plan = planStores(stores.value, registry, codec, context);
  problems.throwIfAny();
  if (plan === undefined) throw new StoreError("STORE_CONFIG", `${origin} could not be understood.`);
  const messages = warnings.messages();
  for (const message of messages) (options.onWarning ?? emitWarning)(message);
  const description: StoresDescription = { ...plan.descriptions, dialect, warnings: messages };
  const isStrict = options.strict === true || plan.strict;
  const running = await openAll<T>({ ...plan, strict: isStrict }, options.onFallback);
  const { stores: opened, examine, servers, atClose } = running;
  const loaded = Object.assign(opened, { describe: () => structuredClone(description), examine, servers });
  if (!(options.strict ?? plan.strict)) {
    atClose(watchSafety({ examine }));
    return loaded;
  }
  try {
    const found = await examine({ criticalOnly: true });
    refuseErrors(found);
    // An examination only reads. This proves that a write would be taken now.
    await loaded.check();
    atClose(watchSafety({ examine, found }));
    return loaded;
  } catch (error) {
    await loaded.close();
    throw error;
  }
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: "TollboothStoresWarning" });
}

function storesOf(document: unknown, origin: string): unknown {
  if (!isMapping(document)) {
    throw new StoreError("STORE_CONFIG", `${origin} must be a mapping with the key "stores".`);
  }
  if (Object.hasOwn(document, "stores")) return document.stores;
  const misspelt = closestKey("stores", Object.keys(document));
  const inner = ["provider", "rateLimits", "sessions", "verificationCache", "verifications"].some((key) =>
    Object.hasOwn(document, key),
  );
  const advice = inner
    ? "put what it holds under stores:"
    : misspelt !== undefined
      ? `rename its key ${shownKey(misspelt)}`
      : Object.hasOwn(document, "<<")
        ? mergeKey
        : "stores: {} means memory";
  throw new StoreError("STORE_CONFIG", `${origin} has no key "stores"; ${advice}.`);
}

/** A backend in this process, or one that cannot be examined. */
function unexamined({ providers, descriptions, strict }: Plan, at: number): readonly Examined[] {
  const stores = providers[at]?.stores ?? [];
  const unshared = stores.filter((store) => !descriptions[store].shared);
  return stores.map((store): Examined => {
    const { provider } = descriptions[store];
    const about = { check: "sharing", provider, stores: [store] } as const;
    if (!unshared.includes(store))
      return { ...about, level: "unknown", topic: "unexamined", message: "This provider cannot be examined." };
    return {
      ...about,
      topic: "one-process",
      level: strict && store !== "rateLimits" ? "error" : "warning",
      message: "This state is one process's own: another instance does not see it, and a restart may forget it.",
      mend: "Use redis or ioredis where several instances run, or where a restart must not forget payments.",
    };
  });
}

/** Applies `onUnavailable`. It takes rate limits only, because a payment path cannot fail open. */
function limitsInOutage(store: RateLimitStore, plan: Plan, onFallback: LoadOptions["onFallback"]): RateLimitStore {
  if (plan.onUnavailable === "allow") return failOpen(store, { onFallback });
  if (plan.onUnavailable === "memory") {
    return withFallback(store, createMemoryRateLimitStore(plan.rateLimitSettings), { onFallback });
  }
  return store;
}

interface OpenedPlan<T> extends Pick<LoadedStores<T>, "examine" | "servers"> {
  stores: Stores<T>;
  /** Calls `end` when the stores are closed; at once where they are. */
  atClose(end: () => void): void;
}

async function openAll<T>(plan: Plan, onFallback: LoadOptions["onFallback"]): Promise<OpenedPlan<T>> {
  const opened: OpenedStores<T>[] = [];
  let closed = false;
  const ends: (() => void)[] = [];
  const closeBackends = async () => {
    if (closed) return;
    closed = true;
    for (const end of ends) end();
    await Promise.all(opened.map((stores) => stores.close()));
  };
  try {
    for (const { read } of plan.providers) opened.push(await read.open<T>());
    const rateLimits = opened.find((stores) => stores.rateLimits !== undefined)?.rateLimits;
    const sessions = opened.find((stores) => stores.sessions !== undefined)?.sessions;
    const verifications = opened.find((stores) => stores.verifications !== undefined)?.verifications;
    if (rateLimits === undefined || sessions === undefined || verifications === undefined) {
      throw new StoreError("STORE_CONFIG", "A registered provider did not open a store that it was asked for.");
    }
    const hasFallback = plan.onUnavailable !== "deny";
    const needed: readonly StoreName[] = hasFallback
      ? storeNames.filter((store) => store !== "rateLimits")
      : storeNames;
    const asked = () => opened.filter((_, at) => plan.providers[at]?.stores.some((store) => needed.includes(store)));
    const each = { rateLimits: limitsInOutage(rateLimits, plan, onFallback), sessions, verifications };
    closeWithLast(Object.values(each), closeBackends);
    const stores = combineStores<T>(each, {
      ping: (call) => Promise.all(asked().map((stores) => stores.ping(call, needed))),
      check: (call) => Promise.all(asked().map((stores) => stores.check(call, needed))),
      // The last of the stores has closed the backends.
      close: async () => {},
    });
    const examine = async (options?: ExaminationOptions) => {
      const found = await Promise.all(opened.map((each, at) => each.examine?.(options) ?? unexamined(plan, at)));
      return hasFallback ? withLimitsFallback(found.flat()) : found.flat();
    };
    const servers = async (stepMs?: number) =>
      (await Promise.all(opened.map((each) => each.servers?.(stepMs) ?? []))).flat();
    const atClose = (end: () => void) => {
      if (closed) end();
      else ends.push(end);
    };
    return { stores, examine, servers, atClose };
  } catch (error) {
    // Stores opened so far are closed without the caller, which has only the error.
    const stores = opened.flatMap(({ rateLimits, sessions, verifications }) => [rateLimits, sessions, verifications]);
    void Promise.all(stores.map((store) => store?.close()))
      .then(closeBackends)
      .catch(() => undefined);
    throw error;
  }
}
