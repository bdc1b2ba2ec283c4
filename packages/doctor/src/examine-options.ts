// The options of `examine`, and their check: plain JavaScript passes anything.
import type { Environment } from "@tollbooth-stores/config";
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments, type OptionNames, prefixWithSuffix, requireKnownOptions } from "@tollbooth-stores/core/native";

export interface ExamineOptions {
  /** A path, YAML or JSON text with a line break, or an object, as `loadStores` takes it. */
  config?: unknown;
  /** A Redis to look at without a configuration, e.g. "redis://127.0.0.1:6379". Give this or `config`. */
  url?: string | undefined;
  /** The client library for `url`: "redis" (node-redis) or "ioredis", the default. */
  client?: "redis" | "ioredis" | undefined;
  /** The stores' `keyPrefix`, for `url`: a configuration has its own. Default "tollbooth". */
  keyPrefix?: string | undefined;
  /** Where `${VAR}` of the configuration comes from. Default `process.env`. */
  env?: Environment | undefined;
}

const names: OptionNames<ExamineOptions> = { config: true, url: true, client: true, keyPrefix: true, env: true };

const wrong = (message: string) => new StoreError("STORE_CONFIG", message);

/** Throws STORE_CONFIG, naming the option, where one is wrong. `loadStores` checks `config`. */
export function requireExamineOptions(options: ExamineOptions): void {
  checkArguments("examine", () => {
    if (typeof options !== "object" || options === null || Array.isArray(options)) {
      throw wrong('options must be an object with `config` or `url`, e.g. { url: "redis://127.0.0.1:6379" }.');
    }
    requireKnownOptions(options, names);
    const { config, url, client, keyPrefix, env } = options;
    if (config === undefined && url === undefined) throw wrong("Give `config` or `url`.");
    if (config !== undefined && url !== undefined) throw wrong("Give `config` or `url`, not both.");
    if (url !== undefined && (typeof url !== "string" || url === ""))
      throw wrong("url must be text that is not empty.");
    if (url === undefined && (client !== undefined || keyPrefix !== undefined)) {
      throw wrong("client and keyPrefix are for `url`. A configuration says them itself.");
    }
    if (client !== undefined && client !== "redis" && client !== "ioredis") {
      throw wrong('client must be "redis" or "ioredis".');
    }
    if (keyPrefix !== undefined) prefixWithSuffix(keyPrefix, "verifications");
    if (env !== undefined && (typeof env !== "object" || env === null || Array.isArray(env))) {
      throw wrong("env must be an object of texts.");
    }
  });
}
