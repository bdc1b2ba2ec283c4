// The published suites' harnesses for a provider on a Redis: what they may see of the server is the same for each client.
import type { ClusterProbe, Harness, Need, RawEntry, ServerProbe } from "@tollbooth-stores/conformance";
import type { RateLimitStore, SessionStore, Stores, VerificationStore } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { isRedis7OrNewer } from "./find-server.ts";
import { type RedisEndpoint, type Reply, redisCommand } from "./resp-command.ts";
import { rateLimitStoreProcess, type StoreRecipe, verificationStoreProcess } from "./store-process.ts";

/** What a suite varies. `clock` is absent where real time must pass. */
export interface SuiteOptions {
  keyPrefix: string;
  clock?: { now(): number };
}

export interface RedisUnderTest {
  name: string;
  /** Each server that holds keys, if there are several or if they change: the primaries. Default: the endpoint alone. */
  primaries?: (() => Promise<readonly RedisEndpoint[]>) | undefined;
  endpoint: RedisEndpoint;
  /** Where the slots of a cluster can be moved. */
  cluster?: ClusterProbe | undefined;
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

/** How many namespaces a property may use at once. */
const MOST_NAMESPACES = 4;

/** Shorter steps end no key: with an injected instant keys outlive their records by a minute. */
const AGED_FROM_MS = 10_000;

/** What the providers' deny cache promises where `denyCacheMaxMs` is not given. */
const DENY_CACHE = { maxMs: 1_000, maxEntries: 10_000 };

/**
 * Brings the keys' physical ends nearer, as if the time had passed: the server's own clock knows nothing of the one that
 * the scripts are run at. Of the minute of grace that only an injected instant gives them, half counts as over: the other
 * half is for the real time that a test takes.
 */
const ageing = `
for i = 2, #ARGV do
  for _, key in ipairs(redis.call('KEYS', ARGV[i] .. ':*')) do
    local left = redis.call('PTTL', key)
    if left > 0 then
      left = left - tonumber(ARGV[1])
      if left <= 30000 then redis.call('DEL', key) else redis.call('PEXPIRE', key, left) end
    end
  end
end`;

/** The four harnesses, each with a clock of its own that the scripts are run at. */
export function redisHarnesses(under: RedisUnderTest): RedisHarnesses {
  const { name, endpoint, create, processes, backendCalls, peers = {}, borrowed, server, cluster } = under;
  const run = onEach(under.primaries ?? (async () => [endpoint]), cluster !== undefined);
  const clock = manualClock();
  const recent: string[] = [];
  const at = (keyPrefix: string): SuiteOptions => {
    if (!recent.includes(keyPrefix)) recent.unshift(keyPrefix);
    recent.length = Math.min(recent.length, MOST_NAMESPACES);
    return { keyPrefix, clock };
  };
  const common = {
    name,
    async advance(ms: number) {
      clock.advance(ms);
      if (ms >= AGED_FROM_MS) await run(ageing, String(ms), ...recent);
    },
  };
  const probes = {
    ...keyProbes(run),
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
  const lacks: Need[] = ["bounded"];
  if (cluster === undefined) lacks.push("cluster");
  if (processes === undefined) lacks.push("spawn", "skewed");
  if (backendCalls === undefined) lacks.push("backendCalls");
  lacks.push(server === undefined ? "server" : "physicalTtls");
  if (borrowed === undefined) lacks.push("borrowed");
  if (under.peers === undefined) lacks.push("peers");
  return {
    rateLimits: {
      ...common,
      lacks,
      create: (keyPrefix) => create.rateLimits(at(keyPrefix)),
      probes: {
        ...probes,
        denyCache: DENY_CACHE,
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
        // A thousand creates at once are for a server that need not write each to its disk.
        ...(server === undefined && {
          physicalTtls: async (namespace: string) =>
            (await probes.inspect(namespace)).flatMap(({ ttlMs }) => (ttlMs === null ? [] : [ttlMs])),
        }),
        peers: Object.fromEntries(
          Object.entries(peers).map(([peer, open]) => [peer, (keyPrefix: string) => open(at(keyPrefix))]),
        ),
        ...(borrowed && { borrowed: (keyPrefix: string) => borrowed(at(keyPrefix)) }),
        ...(server && { server }),
        ...(cluster && { cluster }),
      },
    },
  };
}

/** Every key of a namespace, its time to live, and its value as a list of texts, at one instant. */
const inspecting = `
local entries = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
  local kind, value = redis.call('TYPE', key).ok, {}
  if kind == 'string' then value = { redis.call('GET', key) }
  elseif kind == 'hash' then value = redis.call('HGETALL', key)
  elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  end
  entries[#entries + 1] = { key, redis.call('PTTL', key), value }
end
return entries`;

const corrupting = `
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'string' then redis.call('SET', key, '\\0 unreadable', 'KEEPTTL')
  elseif kind == 'hash' then
    for _, field in ipairs(redis.call('HKEYS', key)) do redis.call('HSET', key, field, '\\0 unreadable') end
  end
end`;

const persisting = "for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do redis.call('PERSIST', key) end";

/** Runs a script on every server that holds keys. */
type RunOnEach = (script: string, ...args: string[]) => Promise<Reply[]>;

function onEach(primaries: () => Promise<readonly RedisEndpoint[]>, isCluster: boolean): RunOnEach {
  return async (script, ...args) => {
    const source = isCluster && (await isRedis7OrNewer()) ? `#!lua flags=allow-cross-slot-keys\n${script}` : script;
    const servers = await primaries();
    return Promise.all(servers.map((server) => redisCommand(server, "EVAL", source, "0", ...args)));
  };
}

function keyProbes(run: RunOnEach): {
  inspect(namespace: string): Promise<RawEntry[]>;
  corrupt(namespace: string): Promise<void>;
  persist(namespace: string): Promise<void>;
} {
  return {
    async inspect(namespace) {
      const found = (await run(inspecting, namespace)).flatMap(list);
      const entries = found.map((entry) => {
        const [key, ttlMs, value = null] = list(entry);
        return {
          key: String(key),
          value: list(value).map(String).join("\n"),
          ttlMs: Number(ttlMs) < 0 ? null : Number(ttlMs),
        };
      });
      return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async corrupt(namespace) {
      await run(corrupting, namespace);
    },
    async persist(namespace) {
      await run(persisting, namespace);
    },
  };
}

function list(reply: Reply): Reply[] {
  return Array.isArray(reply) ? reply : [];
}
