// The doctor's suites start a server that is set up for payments, and examine it.
import {
  type ExamineOptions,
  examineRedis,
  type Finding,
  type RedisConnection,
} from "@tollbooth-stores/redis-protocol";
import type { ClientProvider } from "./client-provider.ts";
import { type AtEnd, connectionScene } from "./connection-scene.ts";
import { type RedisOptions, type RunningRedis, startRedis } from "./start-redis.ts";

export const prefixes: readonly string[] = ["tollbooth:rl", "tollbooth:sess", "tollbooth:verify"];

/** As a server for payments is set up. */
export const good: RedisOptions = {
  requirepass: "secret",
  maxmemory: "64mb",
  config: ["appendonly yes", "appendfsync everysec"],
};

export interface DoctorScene {
  started(options: RedisOptions): Promise<RunningRedis>;
  /** Over a connection of the stores' own. */
  examined(connection: RedisConnection, options?: Partial<ExamineOptions>): Promise<readonly Finding[]>;
}

export function doctorScene<Client>(provider: ClientProvider<Client>, atEnd: AtEnd): DoctorScene {
  return {
    started: (options) => connectionScene(provider, atEnd).owned(startRedis(options)),
    async examined(connection, options = {}) {
      const port = provider.create.port({ connection });
      atEnd(() => port.close());
      return examineRedis(port, { keeps: "money", prefixes, ...options });
    },
  };
}

export function checksOf(findings: readonly Finding[], level: Finding["level"]): string[] {
  return [...new Set(findings.filter((each) => each.level === level).map(({ check }) => check))];
}

/** All of one check. */
export function foundBy(findings: readonly Finding[], check: Finding["check"]): Finding[] {
  return findings.filter((each) => each.check === check);
}
