// On what a run was made. No host names.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { type RedisEndpoint, redisCommand } from "@tollbooth-stores/redis-testkit";

export interface Environment {
  /** YYYY-MM-DD */
  date: string;
  command: string;
  cores: number;
  processor: string;
  memoryGiB: number;
  node: string;
  redis: string;
  /** Of the peers and clients, by name. */
  libraries: Record<string, string>;
}

const measuredLibraries = [
  "ioredis",
  "redis",
  "rate-limiter-flexible",
  "rate-limit-redis",
  "express-rate-limit",
  "connect-redis",
  "@keyv/redis",
  "redlock",
];

export async function environmentOf(redis: RedisEndpoint, command: string): Promise<Environment> {
  const info = String(await redisCommand(redis, "INFO", "server"));
  return {
    date: new Date().toISOString().slice(0, 10),
    command,
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    redis: /^redis_version:(\S+)/m.exec(info)?.[1] ?? "unknown",
    libraries: Object.fromEntries(measuredLibraries.map((name) => [name, versionOf(name)])),
  };
}

/** Read from the manifest beside the code that runs: `exports` may hide it from `require`. */
function versionOf(library: string): string {
  const paths = createRequire(import.meta.url).resolve.paths(library) ?? [];
  for (const folder of paths) {
    try {
      return String(JSON.parse(readFileSync(`${folder}/${library}/package.json`, "utf8")).version);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  return "unknown";
}
