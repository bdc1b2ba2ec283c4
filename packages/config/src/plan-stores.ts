// From the document's `stores` block to a plan of what to open: its three forms, in any combination, checked as a
// whole.
import type { SessionCodec, StoreOptions } from "@tollbooth-stores/core";
import {
  type Block,
  blockReader,
  openBlock,
  type ReadingContext,
  reportUnknownKeys,
  type ShownSetting,
} from "./block-reader.ts";
import { readCommonSettings } from "./common-settings.ts";
import {
  blockAliases,
  blockKeys,
  type OnUnavailable,
  onlyRateLimits,
  ownTable,
  rootTable,
  storeNames,
} from "./common-tables.ts";
import type { ProviderRegistry } from "./provider-registry.ts";
import { readSettings } from "./settings.ts";
import type { BlockReader, PerStore, ReadStores, StoreBlock, StoreName, StoreProvider } from "./store-provider.ts";

/** One provider, and the stores that chose it. */
interface PlannedProvider {
  stores: readonly StoreName[];
  read: ReadStores;
}

/** The chosen settings of one store. */
export interface StoreDescription {
  /** The provider's usual name. */
  provider: string;
  /** Whether other instances see its state. */
  shared: boolean;
  /** Every setting that was given, in its parsed form; secrets as "***". */
  settings: Record<string, ShownSetting>;
}

export interface Plan {
  providers: readonly PlannedProvider[];
  /** The behaviour of rate limits while their store cannot be reached. */
  onUnavailable: OnUnavailable;
  /** The settings of rate limits, for the fallback store. */
  rateLimitSettings: StoreOptions;
  descriptions: Record<StoreName, StoreDescription>;
  /** Whether stores that are not safe for payments must not start. */
  strict: boolean;
}

interface PlannedStore {
  store: StoreName;
  /** The name of its block, as the document has it. */
  key: string;
  provider: StoreProvider;
  block: StoreBlock;
  onUnavailable: OnUnavailable | undefined;
  shown: Map<string, ShownSetting>;
}

/** The stores whose keys hold hashes of clients and subjects. `keySecret` keys these hashes. */
const nameClients: ReadonlySet<StoreName> = new Set<StoreName>(["rateLimits", "sessions"]);

/** Reads everything and reports every problem to `context.problems`. Undefined where a store could not be planned. */
export function planStores(
  value: unknown,
  registry: ProviderRegistry,
  codec: SessionCodec | undefined,
  context: ReadingContext,
): Plan | undefined {
  const { problems } = context;
  const root = openBlock("stores", value, context);
  const rootReader = blockReader([root], context, new Map());
  const {
    instances = 1,
    allowUnshared = false,
    strict = false,
    provider: writtenProvider,
  } = readSettings(rootReader, rootTable);
  const sharedName = rootReader.has("provider") ? writtenProvider : "memory";
  const unchecked = new Set<Block>();
  const usedBlocks = new Set<string>();
  const usedProviders = new Set<StoreProvider>();

  /** The block under `stores` that a provider's stores share; an empty one where it is not written. */
  function providerBlock(provider: StoreProvider): Block {
    const [first, second] = provider.names.filter((name) => Object.hasOwn(root.values, name));
    if (second !== undefined)
      problems.add(`stores.${second}`, `is another name of ${first}; keep one of the two blocks`);
    const { otherBlock } = provider;
    const other = otherBlock !== undefined && Object.hasOwn(root.values, otherBlock) ? otherBlock : undefined;
    const name = first ?? other ?? provider.names[0];
    usedBlocks.add(name);
    return openBlock(`stores.${name}`, Object.hasOwn(root.values, name) ? root.values[name] : {}, context);
  }

  /** The name of a store's block in the document: the usual one where there is none. */
  function blockKeyOf(store: StoreName): string {
    const [usual, alias] = [blockKeys[store], blockAliases[store]];
    if (alias === undefined || !rootReader.has(alias)) return usual;
    if (!rootReader.has(usual)) return alias;
    problems.add(`stores.${alias}`, `is another name of ${usual}; keep one of the two blocks`);
    return usual;
  }

  function planStore(store: StoreName): PlannedStore | undefined {
    const key = blockKeyOf(store);
    const own = rootReader.has(key) ? openBlock(`stores.${key}`, root.values[key], context) : undefined;
    const ownReader = blockReader(own === undefined ? [] : [own], context, new Map());
    const chosenHere = ownReader.has("provider");
    const name = chosenHere ? ownReader.text("provider") : sharedName;
    const provider = name === undefined ? undefined : registry.find(name);
    const shown = new Map<string, ShownSetting>();
    const onUnavailable = readOnUnavailable(store, blockReader(own === undefined ? [] : [own], context, shown));
    const common = provider && providerBlock(provider);
    const outer = common === undefined ? [root] : [common, root];
    const settings = readCommonSettings(store, own, outer, context, shown);
    if (provider === undefined || common === undefined) {
      if (name !== undefined) (chosenHere ? ownReader : rootReader).problem("provider", registry.explain(name));
      // An unknown provider's further keys are unknown too, so they are not checked.
      if (own !== undefined) unchecked.add(own);
      return undefined;
    }
    usedProviders.add(provider);
    const options = blockReader(own === undefined ? [common] : [own, common], context, shown);
    return { store, key, provider, block: { options, settings: { ...settings, codec } }, onUnavailable, shown };
  }

  const planned = storeNames.map(planStore).filter((plan) => plan !== undefined);
  const providers = [...usedProviders].map((provider): PlannedProvider => {
    const ofProvider = planned.filter((plan) => plan.provider === provider);
    const blocks: PerStore<StoreBlock> = {};
    for (const { store, block } of ofProvider) blocks[store] = block;
    return { stores: ofProvider.map(({ store }) => store), read: provider.read(blocks) };
  });

  checkPlaces(planned, providers, problems);
  checkProviderBlocks(root, usedBlocks, registry, rootReader.has("provider"), context);
  const unshared = providers.flatMap(({ stores, read }) => stores.filter((store) => !read.isShared(store)));
  if (instances > 1 && unshared.length > 0 && !allowUnshared) {
    rootReader.problem(
      "instances",
      `several instances must share their state and change it atomically, which is not so here for ${unshared.map((store) => blockKeys[store]).join(", ")}; ` +
        "choose redis or ioredis, or set allowUnshared: true (only a demonstration wants that)",
    );
  }
  const open = planned.filter(
    ({ store, block }) => nameClients.has(store) && block.settings.keySecret === undefined && !unshared.includes(store),
  );
  if (open.length > 0) {
    rootReader.warning(
      "keySecret",
      "is not given: others who can read the store find out its clients' addresses by hashing all there are; " +
        "set a random text, the same on every instance",
    );
  }
  for (const block of context.blocks) {
    if (!unchecked.has(block))
      reportUnknownKeys(block, problems, (key) => whereItBelongs(key, block, root, context, registry));
  }

  const describe = (store: StoreName): StoreDescription | undefined => {
    const plan = planned.find((candidate) => candidate.store === store);
    const shared = providers.some(({ stores, read }) => stores.includes(store) && read.isShared(store));
    return plan && { provider: plan.provider.names[0], shared, settings: Object.fromEntries(plan.shown) };
  };
  const [rateLimits, sessions, verifications] = storeNames.map(describe);
  const limits = planned.find(({ store }) => store === "rateLimits");
  if (!limits || rateLimits === undefined || sessions === undefined || verifications === undefined) return undefined;
  return {
    providers,
    onUnavailable: limits.onUnavailable ?? "deny",
    rateLimitSettings: limits.block.settings,
    descriptions: { rateLimits, sessions, verifications },
    strict,
  };
}

/** Only rate limits may choose. Elsewhere even `deny` is refused, so that it does not look like a choice. */
function readOnUnavailable(store: StoreName, own: BlockReader): OnUnavailable | undefined {
  if (store === "rateLimits") return ownTable.onUnavailable.read(own, "onUnavailable");
  if (own.has("onUnavailable")) own.problem("onUnavailable", onlyRateLimits);
  return undefined;
}

/**
 * Reports two stores whose keys would be the same. Each has its own format, so each would find the other's records
 * corrupt.
 */
function checkPlaces(
  planned: readonly PlannedStore[],
  providers: readonly PlannedProvider[],
  problems: ReadingContext["problems"],
): void {
  const seen = new Map<string, string>();
  for (const { store, key, block } of planned) {
    const read = providers.find(({ stores }) => stores.includes(store))?.read;
    const place = read?.place?.(store);
    if (place === undefined) continue;
    const keys = `${block.settings.keyPrefix} ${place}`;
    const other = seen.get(keys);
    if (other === undefined) seen.set(keys, key);
    else problems.add(`stores.${key}.keyPrefix`, `is that of ${other}, on the same server: each store needs its own`);
  }
}

/**
 * A provider's block that no store uses may be waiting: `provider: ${STORES:-memory}` is a switch. Where `provider` is
 * not written at all, it was forgotten: an operator that describes a Redis does not want memory.
 */
function checkProviderBlocks(
  root: Block,
  usedBlocks: ReadonlySet<string>,
  registry: ProviderRegistry,
  providerWritten: boolean,
  context: ReadingContext,
): void {
  for (const name of Object.keys(root.values).filter((key) => registry.isProviderName(key))) {
    root.asked.add(name);
    if (providerWritten || usedBlocks.has(name)) continue;
    context.problems.add(`stores.${name}`, `no store uses this block; write provider: ${name} next to it`);
  }
}

/** The place of a key that is known, but not here. */
function whereItBelongs(
  key: string,
  block: Block,
  root: Block,
  context: ReadingContext,
  registry: ProviderRegistry,
): string | undefined {
  const isProvider = registry.isProviderName(key);
  if (block !== root && isProvider) return `write the options of ${key} directly into ${block.path}`;
  if (key === "onUnavailable") return "it belongs in rateLimits alone: sessions and payments fail closed";
  if (key === "ttlSeconds") return "it belongs in rateLimits, sessions or verificationCache, each with its own";
  // The words of other configurations: `store: redis` means its provider.
  if (key === "store") {
    return block.asked.has("provider")
      ? 'did you mean "provider"?'
      : "provider belongs in stores or in a store's block";
  }
  const home = context.blocks.find((other) => other !== block && other.asked.has(key));
  return home && `it belongs in ${home.path}`;
}
