// The published suites' harnesses for a provider on a Redis: what they may see of the server is the same for each client.
import type { Harness, Need, RawEntry, ServerProbe } from "@tollbooth-stores/conformance";
import type { RateLimitStore, SessionStore, Stores, VerificationStore } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { type RedisEndpoint, type Reply, redisCommand } from "./resp-command.ts";
import { rateLimitStoreProcess, type StoreRecipe, verificationStoreProcess } from "./store-process.ts";

/** What a suite varies. `clock` is absent where real time must pass. */
export interface SuiteOptions {
  keyPrefix: string;
  clock?: { now(): number };
}

export interface RedisUnderTest {
  name: string;
  endpoint: RedisEndpoint;
  create: {
    rateLimits(options: SuiteOptions): RateLimitStore;
    sessions(options: SuiteOptions): SessionStore;
    verifications(options: SuiteOptions): VerificationStore;
    stores(options: SuiteOptions): Stores;
  };
  /** How another process makes the same stores; without it, what needs two processes is left out. */
  processes?:
    | { module: string; rateLimits: string; verifications: string; options: StoreRecipe["options"] }
    | undefined;
  /** How many calls have reached the client, where it counts them. */
  backendCalls?: (() => number) | undefined;
  /** Stores through every other client and protocol version on the same server. */
  peers?: Readonly<Record<string, (options: SuiteOptions) => Stores>> | undefined;
  borrowed?: ((options: SuiteOptions) => Promise<{ store: Stores; clientWorks(): Promise<boolean> }>) | undefined;
  /** Only where the server is this harness's own: it is frozen and killed. */
  server?: ServerProbe | undefined;
}

export interface RedisHarnesses {
  rateLimits: Harness<RateLimitStore>;
  sessions: Harness<SessionStore>;
  verifications: Harness<VerificationStore>;
  stores: Harness<Stores>;
}

/** The four harnesses, each with a clock of its own that the scripts are run at. */
export function redisHarnesses(under: RedisUnderTest): RedisHarnesses {
  const { name, endpoint, create, processes, backendCalls, peers = {}, borrowed, server } = under;
  const clock = manualClock();
  const at = (keyPrefix: string): SuiteOptions => ({ keyPrefix, clock });
  const common = { name, advance: (ms: number) => clock.advance(ms) };
  const probes = {
    ...keyProbes(endpoint),
    stepBack: (ms: number) => clock.advance(-ms),
    ...(backendCalls === undefined ? {} : { backendCalls }),
  };
  const recipe = (factory: string, keyPrefix: string, skewMs = 0): StoreRecipe => ({
    module: processes?.module ?? "",
    factory,
    options: { ...processes?.options, keyPrefix },
    now: clock.now,
    skewMs,
  });
  const lacks: Need[] = ["bounded", "denyCache", "cluster"];
  if (processes === undefined) lacks.push("spawn", "skewed");
  if (backendCalls === undefined) lacks.push("backendCalls");
  if (server === undefined) lacks.push("server");
  if (borrowed === undefined) lacks.push("borrowed");
  if (under.peers === undefined) lacks.push("peers");
  return {
    rateLimits: {
      ...common,
      lacks,
      create: (keyPrefix) => create.rateLimits(at(keyPrefix)),
      probes: {
        ...probes,
        ...(processes && {
          spawn: (keyPrefix: string) => rateLimitStoreProcess(recipe(processes.rateLimits, keyPrefix)),
          skewed: (keyPrefix: string, skewMs: number) =>
            rateLimitStoreProcess(recipe(processes.rateLimits, keyPrefix, skewMs)),
        }),
      },
    },
    sessions: { ...common, lacks, create: (keyPrefix) => create.sessions(at(keyPrefix)), probes },
    verifications: {
      ...common,
      lacks,
      create: (keyPrefix) => create.verifications(at(keyPrefix)),
      probes: {
        ...probes,
        ...(processes && {
          spawn: (keyPrefix: string) => verificationStoreProcess(recipe(processes.verifications, keyPrefix)),
        }),
      },
    },
    stores: {
      ...common,
      lacks,
      create: (keyPrefix) => create.stores(at(keyPrefix)),
      probes: {
        ...probes,
        physicalTtls: async (namespace) =>
          (await probes.inspect(namespace)).flatMap(({ ttlMs }) => (ttlMs === null ? [] : [ttlMs])),
        peers: Object.fromEntries(
          Object.entries(peers).map(([peer, open]) => [peer, (keyPrefix: string) => open(at(keyPrefix))]),
        ),
        ...(borrowed && { borrowed: (keyPrefix: string) => borrowed(at(keyPrefix)) }),
        ...(server && { server }),
      },
    },
  };
}

function keyProbes(endpoint: RedisEndpoint): {
  inspect(namespace: string): Promise<RawEntry[]>;
  corrupt(namespace: string): Promise<void>;
  persist(namespace: string): Promise<void>;
} {
  const run = (...words: string[]) => redisCommand(endpoint, ...words);
  const keysOf = async (namespace: string) => texts(await run("KEYS", `${namespace}:*`)).sort();
  /** How a key of each type is read whole. */
  const reading: Record<string, string[]> = {
    hash: ["HGETALL"],
    zset: ["ZRANGE", "0", "-1", "WITHSCORES"],
    string: ["GET"],
  };
  const read = async (key: string) => {
    const [command = "GET", ...rest] = reading[String(await run("TYPE", key))] ?? [];
    const value = await run(command, key, ...rest);
    return Array.isArray(value) ? texts(value).join("\n") : String(value);
  };
  return {
    async inspect(namespace) {
      const entries: RawEntry[] = [];
      for (const key of await keysOf(namespace)) {
        const value = await read(key);
        const ttlMs = Number(await run("PTTL", key));
        entries.push({ key, value, ttlMs: ttlMs < 0 ? null : ttlMs });
      }
      return entries;
    },
    async corrupt(namespace) {
      for (const key of await keysOf(namespace)) {
        const type = await run("TYPE", key);
        if (type === "string") await run("SET", key, "\u0000 unreadable", "KEEPTTL");
        const fields = type === "hash" ? texts(await run("HKEYS", key)) : [];
        for (const field of fields) await run("HSET", key, field, "\u0000 unreadable");
      }
    },
    async persist(namespace) {
      for (const key of await keysOf(namespace)) await run("PERSIST", key);
    },
  };
}

function texts(reply: Reply): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}
