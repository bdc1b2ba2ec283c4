// The options that every provider takes: checked once, and completed with defaults.
import { requireDurationMs } from "./durations.ts";
import { isStoreError, StoreError } from "./errors.ts";
import { type Pseudonymizer, pseudonymizer } from "./hashing.ts";
import { type OptionNames, requireKnownOptions } from "./known-options.ts";
import type { SessionCodec } from "./session-codec.ts";

/** Options of every provider. */
export interface CommonOptions {
  /**
   * Default "tollbooth". `createXStores` appends `:rl`, `:sess`, `:verify`; a single-store factory uses it as written.
   */
  keyPrefix?: string | undefined;
  /**
   * Keys the hashes of clients and subjects. With a list, the first secret writes and all are read for subjects. Rate
   * limits know the first one only: when it changes, every client begins afresh, and blocks end.
   */
  keySecret?: string | readonly string[] | undefined;
  /** Spread of physical deletion and cache expiry, 0..0.5, default 0.1. It never shortens a record's life. */
  ttlJitter?: number | undefined;
  defaults?:
    | {
        /** For policies without `windowMs`. Milliseconds. */
        windowMs?: number | undefined;
        /** For sessions created without `idleTtlMs`. Milliseconds. */
        idleTtlMs?: number | undefined;
        /** For verification results completed without `valueTtlMs`. Milliseconds. */
        valueTtlMs?: number | undefined;
      }
    | undefined;
}

/** Options of `createStores` beyond `CommonOptions`: for authors of a provider. */
export interface StoreOptions extends CommonOptions {
  /** The provider's name in telemetry, e.g. "memory". Default "custom". */
  provider?: string | undefined;
  /** How session data becomes a string and back. Default `jsonCodec`. */
  codec?: SessionCodec | undefined;
  /** The largest encoded session or verification value, in bytes of UTF-8. Default 65,536. */
  maxValueBytes?: number | undefined;
  /**
   * Whether the keys of the port never leave this process: not to a server, a file or a log. The rate limits' keys then
   * name a client as it is, because to hash it takes longer than all else that such a call does. Default false. Refused for a shared port.
   */
  inProcess?: boolean | undefined;
}

/** For providers, whose own options stand beside these: every option of `StoreOptions`. */
export const storeOptionNames: OptionNames<StoreOptions> = {
  keyPrefix: true,
  keySecret: true,
  ttlJitter: true,
  defaults: true,
  provider: true,
  codec: true,
  maxValueBytes: true,
  inProcess: true,
};

const defaultNames: OptionNames<NonNullable<StoreOptions["defaults"]>> = {
  windowMs: true,
  idleTtlMs: true,
  valueTtlMs: true,
};

/** The prefix of all keys where none is given. */
export const DEFAULT_KEY_PREFIX = "tollbooth";
/** What `createXStores` appends to the prefix for each store. A single-store factory's default prefix includes it. */
export const KEY_SUFFIX = { rateLimits: ":rl", sessions: ":sess", verifications: ":verify" } as const;
/** The spread of physical deletion where `ttlJitter` is not given. */
export const DEFAULT_TTL_JITTER = 0.1;
/** The largest encoded value where `maxValueBytes` is not given. */
const DEFAULT_MAX_VALUE_BYTES = 65_536;

/** `StoreOptions`, checked and complete. */
export interface ResolvedStoreOptions {
  keyPrefix: string;
  /** The first one writes, all are read. One for each secret, or the plain hash alone. */
  pseudonymizers: readonly [Pseudonymizer, ...Pseudonymizer[]];
  ttlJitter: number;
  defaults: NonNullable<StoreOptions["defaults"]>;
  provider: string;
  codec: StoreOptions["codec"];
  maxValueBytes: number;
  inProcess: boolean;
}

function configError(message: string): StoreError {
  return new StoreError("STORE_CONFIG", message);
}

/** Throws STORE_CONFIG, naming the option, where one is wrong. */
export function resolveStoreOptions(options: StoreOptions, store: keyof typeof KEY_SUFFIX): ResolvedStoreOptions {
  if (typeof options !== "object" || options === null) throw configError("The options must be an object.");
  const { keyPrefix = DEFAULT_KEY_PREFIX + KEY_SUFFIX[store], keySecret, codec, defaults = {} } = options;
  requirePrefix(keyPrefix);
  const { ttlJitter = DEFAULT_TTL_JITTER, maxValueBytes = DEFAULT_MAX_VALUE_BYTES } = options;
  const { provider = "custom", inProcess = false } = options;
  if (typeof provider !== "string" || provider === "") throw configError("provider must be text that is not empty.");
  if (typeof inProcess !== "boolean") throw configError("inProcess must be true or false.");
  const [first, ...rest] = secretsOf(keySecret).map(pseudonymizer);
  if (first === undefined) throw configError("keySecret must not be an empty list; leave it out for unkeyed hashes.");
  if (typeof ttlJitter !== "number" || !(ttlJitter >= 0 && ttlJitter <= 0.5)) {
    throw configError("ttlJitter must be a number from 0 to 0.5.");
  }
  if (!Number.isSafeInteger(maxValueBytes) || maxValueBytes < 1) {
    throw configError("maxValueBytes must be a whole number of bytes, 1 or more.");
  }
  if (codec !== undefined && !isCodec(codec)) throw configError("codec must have the functions encode and decode.");
  requireKnownOptions(defaults, defaultNames, "defaults");
  for (const [name, value] of Object.entries(defaults)) {
    try {
      if (value !== undefined) requireDurationMs(value, `defaults.${name}`);
    } catch (error) {
      throw isStoreError(error) ? configError(error.message) : error;
    }
  }
  return {
    keyPrefix,
    pseudonymizers: [first, ...rest],
    ttlJitter,
    defaults,
    provider,
    codec,
    maxValueBytes,
    inProcess,
  };
}

/** The prefix of one store's keys, from an option that its suffix is appended to. Throws STORE_CONFIG where the option is wrong. */
export function prefixWithSuffix(keyPrefix: string | undefined, store: keyof typeof KEY_SUFFIX): string {
  const prefix = keyPrefix === undefined ? DEFAULT_KEY_PREFIX : keyPrefix;
  requirePrefix(prefix);
  return prefix + KEY_SUFFIX[store];
}

function requirePrefix(keyPrefix: unknown): void {
  if (typeof keyPrefix === "string" && /^[\w.:/-]{1,200}$/.test(keyPrefix)) return;
  throw configError("keyPrefix must be 1 to 200 characters of A-Z a-z 0-9 _ . : / -");
}

/** `[undefined]` where none is given. */
function secretsOf(keySecret: StoreOptions["keySecret"]): readonly (string | undefined)[] {
  if (keySecret === undefined) return [undefined];
  const secrets: readonly unknown[] = Array.isArray(keySecret) ? keySecret : [keySecret];
  const texts = secrets.filter((secret): secret is string => typeof secret === "string" && secret !== "");
  if (texts.length === secrets.length) return texts;
  throw configError("keySecret must be a string that is not empty, or a list of such.");
}

function isCodec(codec: unknown): boolean {
  if (typeof codec !== "object" || codec === null || !("encode" in codec) || !("decode" in codec)) return false;
  return typeof codec.encode === "function" && typeof codec.decode === "function";
}
