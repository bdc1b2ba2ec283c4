// memory = ioredis = node-redis: the same random calls, at one frozen and stepped clock, and exactly equal answers. This
// holds the scripts to core's TypeScript.
import {
  type Harness,
  rateLimitDifferential,
  sessionDifferential,
  verificationDifferential,
} from "@tollbooth-stores/conformance";
import type { StoreOptions } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { createIoredisPort } from "@tollbooth-stores/ioredis";
import {
  createMemoryRateLimitStore,
  createMemorySessionStore,
  createMemoryVerificationStore,
} from "@tollbooth-stores/memory";
import { createNodeRedisPort } from "@tollbooth-stores/redis";
import {
  createRedisRateLimitStore,
  createRedisSessionStore,
  createRedisVerificationStore,
  type RedisPort,
  type RedisStoreOptions,
} from "@tollbooth-stores/redis-protocol";
import type { SharedRedis } from "@tollbooth-stores/redis-testkit";
import { afterAll, inject } from "vitest";

const servers: SharedRedis = inject("redis");
const connection = { url: servers.single.url };
const clock = manualClock();
const startMs = clock.now();
/** Sequences step by months: many of them would pass the year 2255, from which on a fence is no safe integer. */
const toStart = () => clock.advance(startMs - clock.now());
// One connection each for all sequences.
const ports = [createIoredisPort({ connection }), createNodeRedisPort({ connection })];
afterAll(() => Promise.all(ports.map((port) => port.close())));

type Clocked = StoreOptions & { clock: { now(): number } };

/** Memory first: its answers are the ones that the others must give. */
function harnesses<S>(
  onMemory: (options: Clocked) => S,
  onRedis: (port: RedisPort, options: RedisStoreOptions, use: { closePort: boolean }) => S,
): Harness<S>[] {
  const advance = (ms: number) => clock.advance(ms);
  const memory: Harness<S> = {
    name: "memory",
    advance,
    capabilities: { shared: false, atomic: true },
    create(keyPrefix) {
      toStart();
      return onMemory({ clock, keyPrefix });
    },
  };
  const redis = ports.map((port): Harness<S> => {
    // The deadline is not what is compared; a busy machine may be slow.
    const create = (keyPrefix: string) => {
      toStart();
      return onRedis(port, { clock, keyPrefix, commandTimeoutMs: 10_000 }, { closePort: false });
    };
    return { name: port.name, advance, create };
  });
  return [memory, ...redis];
}

/** Registers the tests: as many random sequences of each kind of store. */
export function differentialTests(runs: number): void {
  const options = { runs, timeoutMs: 60_000 + runs * 500 };
  rateLimitDifferential(harnesses(createMemoryRateLimitStore, createRedisRateLimitStore), options);
  sessionDifferential(harnesses(createMemorySessionStore<unknown>, createRedisSessionStore<unknown>), options);
  verificationDifferential(harnesses(createMemoryVerificationStore, createRedisVerificationStore), options);
}
