// The keys that do not depend on the provider: their meaning, their places, and their usual values.
import { choice, flag, integer, number, type SettingTable, seconds, text, texts } from "./settings.ts";
import type { StoreName } from "./store-provider.ts";

/** The behaviour of rate limits while their store cannot be reached. */
export type OnUnavailable = "deny" | "allow" | "memory";

export interface RootSettings {
  provider: string;
  instances: number;
  allowUnshared: boolean;
  strict: boolean;
}

/** Under `stores` only. */
export const rootTable: SettingTable<RootSettings> = {
  provider: text("What keeps the state: memory, redis (node-redis), ioredis or keyv."),
  instances: integer("How many instances of the program will run. Above 1 every store must be shared. Default 1.", {
    min: 1,
    max: 1_000_000,
  }),
  allowUnshared: flag("Lets several instances run although they share nothing: for a demonstration only."),
  strict: flag(
    "Refuses to start where a server may forget payments (eviction, nothing on disk, a replica, no password on a public address) " +
      "or cannot take them. Default false.",
  ),
};

export interface SharedSettings {
  keyPrefix: string;
  keySecret: readonly string[];
  ttlJitter: number;
  maxValueBytes: number;
}

/** Anywhere. The store's block wins over its provider's block, which wins over `stores`. */
export const sharedTable: SettingTable<SharedSettings> = {
  keyPrefix: text(
    "What every key begins with. In a store's block as written; elsewhere :rl, :sess, :verify are appended. Default tollbooth.",
    { pattern: "^[\\w.:/-]{1,200}$" },
  ),
  keySecret: texts("Keys the hashes of clients and subjects. A list: the first writes, all are read.", {
    secret: true,
  }),
  ttlJitter: number("Spread of physical deletion; shortens nothing. Default 0.1.", { min: 0, max: 0.5 }),
  maxValueBytes: integer("The largest session or verification value in bytes. Default 65536.", {
    min: 1,
    max: 536_870_912,
  }),
};

export interface OwnSettings {
  provider: string;
  ttlSeconds: number;
  onUnavailable: OnUnavailable;
}

/** In a store's block only; onUnavailable only in the block of rate limits. */
export const ownTable: SettingTable<OwnSettings> = {
  provider: text("What keeps this store's state, where it is not the provider of stores."),
  ttlSeconds: seconds(
    "The default of a rate limit's window (60), a session's idle time (900), a result's life (3600): seconds, or \"15m\".",
  ),
  onUnavailable: choice(
    "While the store cannot be reached: deny (an error, hence 503), allow every client, or limit by each instance's own memory. " +
      "Default deny.",
    ["deny", "allow", "memory"],
  ),
};

/** The document's name for each store. */
export const blockKeys: Readonly<Record<StoreName, string>> = {
  rateLimits: "rateLimits",
  sessions: "sessions",
  verifications: "verificationCache",
};

export const storeNames: readonly ["rateLimits", "sessions", "verifications"] = [
  "rateLimits",
  "sessions",
  "verifications",
];

/** Another name of a store's block: that of the store in code. */
export const blockAliases: Readonly<Partial<Record<StoreName, string>>> = { verifications: "verifications" };

/** The document's own TTLs, where none is given. */
export const standardTtlMs: Readonly<Record<StoreName, number>> = {
  rateLimits: 60_000,
  sessions: 900_000,
  verifications: 3_600_000,
};

/** The typical TTLs of the document "Scaling and Shared Stores". Other values are allowed, with a warning. */
export const usualTtl: Readonly<Record<StoreName, { minMs: number; maxMs: number; words: string }>> = {
  rateLimits: { minMs: 30_000, maxMs: 120_000, words: "30 to 120 seconds that are usual for rate limits" },
  sessions: { minMs: 300_000, maxMs: 1_800_000, words: "5 to 30 minutes that are usual for sessions" },
  verifications: {
    minMs: 600_000,
    maxMs: 86_400_000,
    words: "10 minutes to 24 hours that are usual for verifications",
  },
};

/** Why only rate limits may go on without their store. */
export const onlyRateLimits: string =
  "only rate limits may go on without their store: sessions and payments fail closed, since a payment that cannot be " +
  "looked up could be spent twice; leave it out here";
