// Samples the Redis servers behind the stores: memory, evictions, and the time of a round trip.
import type { BatchObservableCallback, Meter } from "@opentelemetry/api";
import { attribute } from "./names.ts";
import type { SampleOutcomes } from "./sample-outcomes.ts";
import { type SamplingTimes, startSampling } from "./sampler.ts";

/** One server, to be asked about itself. `RedisPort` and `loadStores(...).servers()` give such ones. */
export interface AskedServer {
  /** "host:port", or another short name. It becomes an attribute. */
  readonly name: string;
  /** Sends one command. Until it has settled, no later sample asks a server of this name. */
  ask(...words: string[]): Promise<unknown>;
}

/** Every 15 seconds, at most 2 seconds each, unless it says otherwise. */
export interface RedisSampling extends SamplingTimes {
  /** Asked for each sample, because a failover or a cluster changes them. */
  servers(stepMs: number): Promise<readonly AskedServer[]>;
}

/** What INFO says. Undefined where a provider leaves a field out. */
interface Stand {
  used: number | undefined;
  /** Undefined where there is no limit. */
  limit: number | undefined;
  evicted: number | undefined;
}

/** Returns what ends it. */
export function sampleRedis(
  meter: Meter,
  outcomes: SampleOutcomes,
  { servers, everyMs = 15_000, timeoutMs = 2_000 }: RedisSampling,
): () => void {
  /** Those whose limit was told once: without one it is 0 then, because the SDK would go on exporting the old one. */
  const limited = new Set<string>();
  /** Of each server's last good sample, for good: OpenTelemetry's SDK goes on exporting the last value that it was given. */
  const stands = new Map<string, Stand>();
  /** Whether each answered its last sample. */
  const up = new Map<string, boolean>();
  /** Of the sample under way: what it asks, and what answered so far. */
  let listed: readonly AskedServer[] = [];
  let answered = new Set<string>();
  /** Questions that have not ended, of earlier samples too. */
  const asking = new Set<AskedServer>();
  const isUp = meter.createObservableGauge("tollbooth.redis.up", {
    description: "1 where the server answered the last sample; 0 where it did not, or is none of the stores' any more.",
    unit: "{server}",
  });
  const used = meter.createObservableGauge("tollbooth.redis.memory.used", {
    description: "Memory that Redis uses for its data (used_memory).",
    unit: "By",
  });
  const limit = meter.createObservableGauge("tollbooth.redis.memory.limit", {
    description:
      "Memory that Redis may use (maxmemory). Absent where there is no limit, and 0 where there is none any more.",
    unit: "By",
  });
  const evicted = meter.createObservableCounter("tollbooth.redis.evictions", {
    description: "Keys that Redis evicted (evicted_keys): forgotten payments and sessions among them.",
    unit: "{key}",
  });
  const roundTrip = meter.createHistogram("tollbooth.redis.round_trip.duration", {
    description: "Duration of a PING.",
    unit: "s",
    advice: { explicitBucketBoundaries: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2] },
  });
  const observables = [isUp, used, limit, evicted];
  const observe: BatchObservableCallback = (result) => {
    for (const [name, answers] of up) result.observe(isUp, answers ? 1 : 0, serverAttributes(name));
    for (const [name, stand] of stands) {
      const about = serverAttributes(name);
      if (stand.used !== undefined) result.observe(used, stand.used, about);
      if (stand.limit !== undefined) limited.add(name);
      if (limited.has(name)) result.observe(limit, stand.limit ?? 0, about);
      if (stand.evicted !== undefined) result.observe(evicted, stand.evicted, about);
    }
  };

  async function standOf({ name, ask }: AskedServer): Promise<Stand> {
    const sentAt = performance.now();
    await ask("PING");
    roundTrip.record((performance.now() - sentAt) / 1_000, serverAttributes(name));
    const [memory, stats] = await Promise.all([ask("INFO", "memory"), ask("INFO", "stats")]);
    const maxmemory = field(memory, "maxmemory");
    return {
      used: field(memory, "used_memory"),
      limit: maxmemory === 0 ? undefined : maxmemory,
      evicted: field(stats, "evicted_keys"),
    };
  }

  /** Takes the answer as it comes: another server may hang. Says whether there was one in time. */
  async function askOne(server: AskedServer, signal: AbortSignal): Promise<boolean> {
    asking.add(server);
    try {
      const stand = await standOf(server);
      if (signal.aborted) return false;
      stands.set(server.name, stand);
      up.set(server.name, true);
      answered.add(server.name);
      return true;
    } catch {
      return false;
    } finally {
      asking.delete(server);
    }
  }

  /** Whatever did not answer is down. A name without a port is only shown once it has answered: it may stand for an address. */
  function endSample(): void {
    for (const { name } of listed) if (hasAddress(name) && !up.has(name)) up.set(name, false);
    for (const name of up.keys()) up.set(name, answered.has(name));
  }

  const end = startSampling(
    {
      async ask(signal, stepMs) {
        listed = [];
        answered = new Set();
        const late = new Promise<false>((resolve) => {
          signal.addEventListener("abort", () => resolve(false), { once: true });
        });
        const found = await servers(stepMs);
        if (signal.aborted) return;
        listed = found;
        const stuck = new Set([...asking].map(({ name }) => name));
        const answers = found.map((server) => !stuck.has(server.name) && Promise.race([askOne(server, signal), late]));
        const areGood = (await Promise.all(answers)).every(Boolean);
        // Then `failed` ended the sample.
        if (signal.aborted) return;
        endSample();
        if (areGood) outcomes.good("redis");
        else outcomes.failed("redis");
      },
      failed() {
        endSample();
        outcomes.failed("redis");
      },
    },
    { everyMs, timeoutMs },
  );
  meter.addBatchObservableCallback(observe, observables);
  return () => {
    end();
    meter.removeBatchObservableCallback(observe, observables);
  };
}

/** A number of INFO. */
function field(info: unknown, name: string): number | undefined {
  const [, digits] = typeof info === "string" ? (new RegExp(`^${name}:(\\d+)\\r?$`, "m").exec(info) ?? []) : [];
  return digits === undefined ? undefined : Number(digits);
}

const address = /^(.+):(\d+)$/;

function hasAddress(name: string): boolean {
  return address.test(name);
}

/** "host:port" as OpenTelemetry names it; "[::1]:6379" too. */
function serverAttributes(name: string): Record<string, string | number> {
  const [, host, port] = address.exec(name) ?? [];
  if (host === undefined) return { [attribute.serverAddress]: name };
  return { [attribute.serverAddress]: host.replace(/^\[(.*)\]$/, "$1"), [attribute.serverPort]: Number(port) };
}
