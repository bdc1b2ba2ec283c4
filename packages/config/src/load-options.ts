// The options of loadStores from code, and their check: plain JavaScript passes anything.
import { type SessionCodec, StoreError } from "@tollbooth-stores/core";
import { type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import type { Environment } from "./expand-variables.ts";
import type { KeyvLike } from "./keyv-provider.ts";
import type { StoreProvider } from "./store-provider.ts";

export interface LoadOptions {
  /**
   * The source of `${VAR}`. Default `process.env`. `false`: nothing is expanded, for an object that was expanded
   * before.
   */
  env?: Environment | false | undefined;
  /**
   * Where relative paths of files start. Default: the folder of a file given as source, else the process's working
   * directory.
   */
  folder?: string | undefined;
  /** Providers that the document may name besides memory, redis, ioredis and keyv, or instead of one of them. */
  providers?: readonly StoreProvider[] | undefined;
  /** The storage of `provider: keyv`: a Keyv, an adapter or a Map. It stays open when the stores are closed. */
  keyv?: KeyvLike | undefined;
  /** Turns session data into text and back. Default: JSON. */
  codec?: SessionCodec | undefined;
  /**
   * Called before anything is opened, for each setting that is allowed but deserves a warning. Throw to refuse it.
   * `describe()` lists the warnings too. Default: `process.emitWarning`.
   */
  onWarning?: ((message: string) => void) | undefined;
  /** Instead of the document's `strict`: whether stores that are not safe for payments must not start. */
  strict?: boolean | undefined;
  /** Called for every call that `onUnavailable: allow` or `memory` answered without the store. */
  onFallback?: ((error: StoreError) => void) | undefined;
}

const names: OptionNames<LoadOptions> = {
  env: true,
  folder: true,
  providers: true,
  keyv: true,
  codec: true,
  onWarning: true,
  strict: true,
  onFallback: true,
};

/**
 * Throws STORE_CONFIG, naming the option, where one is wrong. `codec` and `keyv` are checked by the stores. A `strict` that is
 * no flag, say "false", would be taken for true or false by chance.
 */
export function requireLoadOptions(options: LoadOptions): void {
  requireKnownOptions(options, names);
  const { env, folder, providers, onWarning, strict, onFallback } = options;
  if (env !== false) requireEnvironment(env, "an object of texts, or false");
  if (folder !== undefined && (typeof folder !== "string" || folder === ""))
    throw wrong("folder", "text that is not empty");
  if (providers !== undefined && !Array.isArray(providers)) throw wrong("providers", "a list of providers");
  for (const [at, provider] of (providers ?? []).entries()) {
    if (isProvider(provider)) continue;
    throw wrong(`providers[${at}]`, "a provider: an object with a list of `names` and the function `read`");
  }
  if (strict !== undefined && typeof strict !== "boolean") throw wrong("strict", "true or false");
  for (const [name, given] of Object.entries({ onWarning, onFallback })) {
    if (given !== undefined && typeof given !== "function") throw wrong(name, "a function");
  }
}

/** Throws STORE_CONFIG where `env` cannot hold variables. */
export function requireEnvironment(env: unknown, wanted = "an object of texts"): void {
  if (env !== undefined && (typeof env !== "object" || env === null || Array.isArray(env))) throw wrong("env", wanted);
}

function wrong(option: string, wanted: string): StoreError {
  return new StoreError("STORE_CONFIG", `${option} must be ${wanted}.`);
}

function isProvider(given: unknown): boolean {
  if (typeof given !== "object" || given === null || !("names" in given) || !("read" in given)) return false;
  const { names: its, read } = given;
  const isNamed = Array.isArray(its) && its.length > 0 && its.every((name) => typeof name === "string" && name !== "");
  return isNamed && typeof read === "function";
}
