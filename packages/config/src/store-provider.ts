// The contract of a provider that configuration can choose: its names, what it reads, and how it opens stores.
import type { CallOptions, StoreOptions, Stores } from "@tollbooth-stores/core";
import type { Finding, RedisServer } from "@tollbooth-stores/redis-protocol";

/** The three stores, named as in `Stores`. In a document verifications are called `verificationCache`. */
export type StoreName = "rateLimits" | "sessions" | "verifications";

/** One value for each store. */
export type PerStore<V> = Partial<Record<StoreName, V>>;

/**
 * Reads one block of the document. Every method reports a problem with its path and then answers undefined, as it does
 * for an absent key. So a provider reads everything first, and opens only when `open` is called. A key that is never
 * read is reported as unknown. Strings have their variables expanded, and become numbers and flags where a method reads
 * those.
 */
export interface BlockReader {
  has(key: string): boolean;
  /** The kind of value at the key. It does not report whether that kind is allowed. */
  kind(key: string): "nothing" | "value" | "list" | "block";
  /**
   * Text that is not empty. A number or flag is refused: quotes keep "0123" whole. `secret`: masked in `describe()`, or
   * shown there as the function answers.
   */
  text(key: string, rule?: { secret?: boolean | ((value: string) => string) | undefined }): string | undefined;
  /** One text, or a list of texts that is not empty. */
  texts(key: string, rule?: { secret?: boolean | undefined }): readonly string[] | undefined;
  /** A whole number in min..max, or text that spells one. */
  integer(key: string, range: { min: number; max: number }): number | undefined;
  /** Any number in min..max, or text that spells one. */
  number(key: string, range: { min: number; max: number }): number | undefined;
  flag(key: string): boolean | undefined;
  /** Whole seconds, or text such as "15m". Answers milliseconds, at most 100 years. */
  seconds(key: string): number | undefined;
  /**
   * The content of a UTF-8 text file. A relative path starts at the configuration file, else at the process's working
   * directory.
   */
  file(key: string): string | undefined;
  /** A list of texts and blocks; a single text is a list of one. The texts are shown in `describe()`. */
  entries(key: string): readonly (string | BlockReader)[] | undefined;
  /** A block within this one. */
  block(key: string): BlockReader | undefined;
  /**
   * A reader of one block only: the first that has any of `keys`. For options that make sense only together: a store's
   * own `url` must not be joined with the `password` of a shared block.
   */
  together(keys: readonly string[]): BlockReader;
  /** Reports a problem of the value at `key`; with `""`, of the block. The message holds no value of the document. */
  problem(key: string, message: string): void;
  /** Reports a warning about the value at `key`. The message holds no value of the document. */
  warning(key: string, message: string): void;
}

/** The configuration of one store, as its provider gets it. */
export interface StoreBlock {
  /** The provider's own options: from the store's block, else from the provider's block under `stores`. */
  options: BlockReader;
  /** The options that every provider takes, checked. `keyPrefix` is to be used as written. */
  settings: StoreOptions;
}

/** Something that was found about the backend of some stores. */
export interface Examined extends Omit<Finding, "check"> {
  /** "sharing": whether other instances see these stores' state. */
  readonly check: Finding["check"] | "sharing";
  /** The provider's usual name. */
  readonly provider: string;
  readonly stores: readonly StoreName[];
}

export interface ExaminationOptions {
  /** Leaves out what costs no payment: keys, network, clocks. Default false. */
  criticalOnly?: boolean | undefined;
  /** Leaves out what a server refused to tell before, but for one question: each refusal stands in its ACL log. Default false. */
  isRepeat?: boolean | undefined;
}

/** Running stores: each one that was asked for is present. */
export interface OpenedStores<T> {
  rateLimits?: Stores<T>["rateLimits"];
  sessions?: Stores<T>["sessions"];
  verifications?: Stores<T>["verifications"];
  /**
   * One round trip to each backend behind these stores. Rejects where one does not answer. `needed`: a backend that none of
   * these is on may be left out, because a fallback answers for it. Default: all.
   */
  ping(options?: CallOptions, needed?: readonly StoreName[]): Promise<void>;
  /**
   * Proves that each backend behind these stores would take a write now, and changes nothing. Rejects where one would not.
   * `needed` as for `ping`.
   */
  check(options?: CallOptions, needed?: readonly StoreName[]): Promise<void>;
  /** Optional: the faults of each backend behind these stores. It changes nothing, and never rejects. */
  examine?(options?: ExaminationOptions): Promise<readonly Examined[]>;
  /** Optional: each primary behind these stores, for questions that only read. Each answer has `stepMs` milliseconds. */
  servers?(stepMs?: number): Promise<readonly RedisServer[]>;
  /** Closes what the stores share (a client, say), after the stores themselves were closed. Never rejects. */
  close(): Promise<void>;
}

/** A provider's reading of its blocks. */
export interface ReadStores {
  /** Whether other instances see that store's state. */
  isShared(store: StoreName): boolean;
  /**
   * Optional: the place of the store's keys, as text that is equal for the same place. Two stores at one place must not
   * have the same prefix. Never shown.
   */
  place?(store: StoreName): string | undefined;
  /**
   * Called at most once, and only where the whole configuration is right. Starts connecting, and waits only for the
   * import of a client's code. If it fails, it closes what it had opened.
   */
  open<T>(): OpenedStores<T> | Promise<OpenedStores<T>>;
}

/**
 * A backend that configuration can name. `read` is called once for each `loadStores`, with the blocks of all stores
 * that chose this provider. So stores with equal connections can share one client.
 */
export interface StoreProvider {
  /** The names for `provider:` and for the provider's block under `stores`. The first is the usual one. */
  readonly names: readonly [string, ...string[]];
  /** Optional: the block under `stores` that serves where there is none of those names, e.g. another client's. */
  readonly otherBlock?: string | undefined;
  read(blocks: PerStore<StoreBlock>): ReadStores;
}
