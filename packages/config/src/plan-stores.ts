// From the document's `stores` block to what is to be opened: its three forms, in any combination, checked as a whole.
import type { SessionCodec } from "@tollbooth-stores/core";
import {
  type Block,
  blockReader,
  openBlock,
  type ReadingContext,
  reportUnknownKeys,
  type ShownSetting,
} from "./block-reader.ts";
import { readCommonSettings } from "./common-settings.ts";
import type { ProviderRegistry } from "./provider-registry.ts";
import type { PerStore, ReadStores, StoreBlock, StoreName, StoreProvider } from "./store-provider.ts";

/** What the document calls each store. */
const blockKeys: Readonly<Record<StoreName, string>> = {
  rateLimits: "rateLimits",
  sessions: "sessions",
  verifications: "verificationCache",
};
const storeNames = ["rateLimits", "sessions", "verifications"] as const;

/** One provider, and the stores that chose it. */
interface PlannedProvider {
  stores: readonly StoreName[];
  read: ReadStores;
}

/** What was chosen for one store. */
export interface StoreDescription {
  /** The provider's usual name. */
  provider: string;
  /** Whether other instances see its state. */
  shared: boolean;
  /** Every setting that was given, as it was understood; secrets as "***". */
  settings: Record<string, ShownSetting>;
}

export interface Plan {
  providers: readonly PlannedProvider[];
  descriptions: Record<StoreName, StoreDescription>;
}

interface PlannedStore {
  store: StoreName;
  provider: StoreProvider;
  block: StoreBlock;
  shown: Map<string, ShownSetting>;
}

/** Reads everything and reports every problem to `context.problems`; undefined where a store could not be planned. */
export function planStores(
  value: unknown,
  registry: ProviderRegistry,
  codec: SessionCodec | undefined,
  context: ReadingContext,
): Plan | undefined {
  const { problems } = context;
  const root = openBlock("stores", value, context);
  const rootReader = blockReader([root], context, new Map());
  const instances = rootReader.integer("instances", { min: 1, max: 1_000_000 }) ?? 1;
  const allowUnshared = rootReader.flag("allowUnshared") ?? false;
  const writtenProvider = rootReader.text("provider");
  const sharedName = rootReader.has("provider") ? writtenProvider : "memory";
  const unchecked = new Set<Block>();
  const used = new Set<StoreProvider>();

  /** The block under `stores` that a provider's stores have in common; an empty one where it is not written. */
  function providerBlock(provider: StoreProvider): Block {
    const [first, second] = provider.names.filter((name) => Object.hasOwn(root.values, name));
    if (second !== undefined)
      problems.add(`stores.${second}`, `is another name of ${first}; keep one of the two blocks`);
    const name = first ?? provider.names[0];
    return openBlock(`stores.${name}`, Object.hasOwn(root.values, name) ? root.values[name] : {}, context);
  }

  function planStore(store: StoreName): PlannedStore | undefined {
    const key = blockKeys[store];
    const own = rootReader.has(key) ? openBlock(`stores.${key}`, root.values[key], context) : undefined;
    const ownReader = blockReader(own === undefined ? [] : [own], context, new Map());
    const chosenHere = ownReader.has("provider");
    const name = chosenHere ? ownReader.text("provider") : sharedName;
    const provider = name === undefined ? undefined : registry.find(name);
    const shown = new Map<string, ShownSetting>();
    const common = provider && providerBlock(provider);
    const outer = common === undefined ? [root] : [common, root];
    const settings = readCommonSettings(store, own, outer, context, shown);
    if (provider === undefined || common === undefined) {
      if (name !== undefined) (chosenHere ? ownReader : rootReader).problem("provider", registry.explain(name));
      // Which further keys such a provider reads is not known.
      if (own !== undefined) unchecked.add(own);
      return undefined;
    }
    used.add(provider);
    const options = blockReader(own === undefined ? [common] : [own, common], context, shown);
    return { store, provider, block: { options, settings: { ...settings, codec } }, shown };
  }

  const planned = storeNames.map(planStore).filter((plan) => plan !== undefined);
  const providers = [...used].map((provider): PlannedProvider => {
    const ofProvider = planned.filter((plan) => plan.provider === provider);
    const blocks: PerStore<StoreBlock> = {};
    for (const { store, block } of ofProvider) blocks[store] = block;
    return { stores: ofProvider.map(({ store }) => store), read: provider.read(blocks) };
  });

  checkProviderBlocks(root, used, registry, rootReader.has("provider"), context);
  const unshared = providers.flatMap(({ stores, read }) => stores.filter((store) => !read.isShared(store)));
  if (instances > 1 && unshared.length > 0 && !allowUnshared) {
    rootReader.problem(
      "instances",
      `more than one instance needs shared state, but each would have its own ${unshared.map((store) => blockKeys[store]).join(", ")}; ` +
        "choose a provider whose state is shared, or set allowUnshared: true (only a demonstration wants that)",
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
  if (rateLimits === undefined || sessions === undefined || verifications === undefined) return undefined;
  return { providers, descriptions: { rateLimits, sessions, verifications } };
}

/**
 * A provider's block that no store uses may wait for its turn, `provider: ${STORES:-memory}` being a switch. Where
 * nobody wrote `provider`, it was forgotten: nobody who describes a Redis wants memory.
 */
function checkProviderBlocks(
  root: Block,
  used: ReadonlySet<StoreProvider>,
  registry: ProviderRegistry,
  providerWritten: boolean,
  context: ReadingContext,
): void {
  for (const name of Object.keys(root.values).filter((key) => registry.isProviderName(key))) {
    root.asked.add(name);
    const provider = registry.find(name);
    if (providerWritten || (provider !== undefined && used.has(provider))) continue;
    context.problems.add(`stores.${name}`, `no store uses this block; write provider: ${name} next to it`);
  }
}

/** For a key that is known, only elsewhere. */
function whereItBelongs(
  key: string,
  block: Block,
  root: Block,
  context: ReadingContext,
  registry: ProviderRegistry,
): string | undefined {
  const isProvider = registry.isProviderName(key);
  if (block !== root && isProvider) return `write the options of ${key} directly into ${block.path}`;
  if (key === "ttlSeconds") return "it belongs in rateLimits, sessions or verificationCache, each with its own";
  const home = context.blocks.find((other) => other !== block && other.asked.has(key));
  return home && `it belongs in ${home.path}`;
}
