// What a provider gives so that configuration can choose it: its names, what it reads, and how it opens stores.
import type { CallOptions, StoreOptions, Stores } from "@tollbooth-stores/core";

/** The three stores, as `Stores` names them. In a document verifications are called `verificationCache`. */
export type StoreName = "rateLimits" | "sessions" | "verifications";

/** One value a store. */
export type PerStore<V> = Partial<Record<StoreName, V>>;

/**
 * Reads one block of the document. Every method reports what is wrong with its path and then answers undefined, as it
 * does where the key is not given; so read everything first, and open only when asked to. A key that nobody asks for
 * is reported as unknown. Strings have had their variables expanded, and become numbers and flags where such are read.
 */
export interface BlockReader {
  has(key: string): boolean;
  /** What stands there, without a word about whether it may. */
  kind(key: string): "nothing" | "value" | "list" | "block";
  /**
   * Text that is not empty. A number or flag is refused: quotes keep "0123" whole. `secret`: masked in `describe()`, or
   * shown there as the function says.
   */
  text(key: string, rule?: { secret?: boolean | ((value: string) => string) | undefined }): string | undefined;
  /** One text, or a list of such, which may not be empty. */
  texts(key: string, rule?: { secret?: boolean | undefined }): readonly string[] | undefined;
  /** A whole number in min..max, or text that spells one. */
  integer(key: string, range: { min: number; max: number }): number | undefined;
  /** Any number in min..max, or text that spells one. */
  number(key: string, range: { min: number; max: number }): number | undefined;
  flag(key: string): boolean | undefined;
  /** Whole seconds, or text such as "15m"; answers milliseconds, at most 100 years. */
  seconds(key: string): number | undefined;
  /** The content of a UTF-8 text file. A relative path starts at the configuration file, else where the process runs. */
  file(key: string): string | undefined;
  /** A list of texts and blocks; a single text is a list of one. Such texts are shown in `describe()`. */
  entries(key: string): readonly (string | BlockReader)[] | undefined;
  /** A block within this one. */
  block(key: string): BlockReader | undefined;
  /**
   * A reader of one block only: of the first that has any of `keys`. For options that make sense only together: a
   * store's own `url` must not be joined with the `password` of the block that stores share.
   */
  together(keys: readonly string[]): BlockReader;
  /** Reports a problem of the value at `key`, or with `""` of the block. The message holds no value of the document. */
  problem(key: string, message: string): void;
  /** Says something about the value at `key` that is no error. The message holds no value of the document. */
  warning(key: string, message: string): void;
}

/** What configuration hands a provider for one store. */
export interface StoreBlock {
  /** The provider's own options: of the store's block, else of the provider's block under `stores`. */
  options: BlockReader;
  /** What every provider takes, checked. `keyPrefix` is to be used as written. */
  settings: StoreOptions;
}

/** Stores that run. Those that were asked for are there. */
export interface OpenedStores<T> {
  rateLimits?: Stores<T>["rateLimits"];
  sessions?: Stores<T>["sessions"];
  verifications?: Stores<T>["verifications"];
  /** One round trip to each backend behind these stores; rejects where one does not answer. */
  ping(options?: CallOptions): Promise<void>;
  /** Closes what the stores share, a client say, after the stores themselves were closed. Never rejects. */
  close(): Promise<void>;
}

/** A provider's reading of its blocks. */
export interface ReadStores {
  /** Whether other instances see that store's state. */
  isShared(store: StoreName): boolean;
  /**
   * Optional: where the store's keys will lie, as text that is equal for the same place. Two stores at one place must
   * not have the same prefix. Never shown.
   */
  place?(store: StoreName): string | undefined;
  /**
   * Called at most once, and only where the whole configuration is right. Starts connecting, and waits for nothing but
   * the import of a client's code. What it had opened before it fails, it closes.
   */
  open<T>(): OpenedStores<T> | Promise<OpenedStores<T>>;
}

/**
 * A backend that configuration can name. `read` is called once a `loadStores` with the blocks of all stores that chose
 * this provider, so that stores with equal connections can share one client.
 */
export interface StoreProvider {
  /** What `provider:` may say, and what the provider's block under `stores` may be called; the first is the usual one. */
  readonly names: readonly [string, ...string[]];
  /** Optional: the block under `stores` that serves where there is none of those names, e.g. another client's. */
  readonly otherBlock?: string | undefined;
  read(blocks: PerStore<StoreBlock>): ReadStores;
}
