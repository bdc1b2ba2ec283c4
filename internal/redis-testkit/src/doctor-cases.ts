// Servers that are set up wrongly, each in one way, and what an examination says of it.
import type { Finding } from "@tollbooth-stores/redis-protocol";
import { isRedis7OrNewer } from "./find-server.ts";
import type { RedisOptions } from "./start-redis.ts";

/** Before Redis 7 protected mode counts only where no address is bound. */
const whereBound = (await isRedis7OrNewer()) ? "warning" : "error";

type Case = [name: string, broken: Partial<RedisOptions>, Finding["check"], Finding["level"], message: RegExp];

/** `broken` replaces options of a server that is set up for payments. */
export const wrongServers: readonly Case[] = [
  ["evicts", { config: ["maxmemory-policy allkeys-lru"] }, "eviction", "error", /allkeys-lru kept 20/],
  ["evicts what has an end", { config: ["maxmemory-policy volatile-ttl"] }, "eviction", "error", /volatile-ttl none/],
  ["writes nothing to disk", { config: ["appendonly no"] }, "persistence", "error", /a restart forgets every payment/],
  ["only snapshots", { config: ["appendonly no", "save 60 1000"] }, "persistence", "error", /last snapshot/],
  [
    "syncs when the system likes",
    { config: ["appendonly yes", "appendfsync no"] },
    "persistence",
    "error",
    /30 seconds/,
  ],
  [
    "syncs nothing during a rewrite",
    { config: ["appendonly yes", "appendfsync always", "no-appendfsync-on-rewrite yes"] },
    "persistence",
    "warning",
    /30 seconds/,
  ],
  [
    "wants no password, and is reached from this machine alone",
    { requirepass: undefined, config: ["appendonly yes", "protected-mode no"] },
    "users",
    "warning",
    /default/,
  ],
  [
    "wants no password on every address",
    { requirepass: undefined, config: ["appendonly yes", "bind 0.0.0.0", "protected-mode no"] },
    "users",
    "error",
    /default.*payment was made/,
  ],
  [
    "is protected by its mode alone",
    { requirepass: undefined, config: ["appendonly yes", "bind 0.0.0.0", "protected-mode yes"] },
    "users",
    whereBound,
    /default/,
  ],
  [
    "has a user without password, and no mode that refuses it",
    { users: { app: "on nopass ~* +@all" }, config: ["appendonly yes", "bind 0.0.0.0", "protected-mode yes"] },
    "users",
    "error",
    /app/,
  ],
  [
    "takes this connection without a password, and does not list its users",
    { requirepass: undefined, config: ["appendonly yes", 'rename-command ACL ""'] },
    "users",
    "warning",
    /without a password/,
  ],
  [
    "wants no password, and does not tell its settings",
    { requirepass: undefined, config: ["appendonly yes", 'rename-command CONFIG ""'] },
    "users",
    "warning",
    /Who can reach it is not told/,
  ],
  [
    "runs no scripts",
    { config: ["appendonly yes", 'rename-command EVALSHA ""'] },
    "rights",
    "error",
    /runs no scripts/,
  ],
  ["listens everywhere", { config: ["bind 0.0.0.0", "protected-mode no"] }, "network", "warning", /every address/],
  ["wants replicas that it has not", { config: ["min-replicas-to-write 1"] }, "replication", "error", /refused/],
  ["has less memory than it may use", { maxmemory: "999999gb" }, "memory", "warning", /The machine has/],
  ["has no limit of memory", { maxmemory: undefined, config: ["appendonly yes"] }, "memory", "warning", /not set/],
];
