// How many bytes of Redis an identity takes: used_memory's growth over ten thousand of them.
import { createIoredisStores, type Stores } from "@tollbooth-stores/ioredis";
import { type RedisEndpoint, redisCommand } from "@tollbooth-stores/redis-testkit";
import { sampleSession } from "../contenders/sample-session.ts";
import { IDENTITIES } from "./subject.ts";

/** Beyond the key's own length, and for sessions beyond their data's. */
export interface BytesAnIdentity {
  limit: number;
  slidingWindow: number;
  tokenBucket: number;
  session: number;
  /** For comparison: the session's data alone, as JSON with a time to live. */
  plain: number;
  marker: number;
}

const HOUR_MS = 3_600_000;

type Make = (stores: Stores, at: number) => Promise<unknown>;

const limitOf =
  (algorithm: "fixed-window" | "sliding-window" | "token-bucket"): Make =>
  ({ rateLimits }, at) =>
    rateLimits.consume({
      route: "GET /data",
      client: `198.51.100.7:${at}`,
      policy: { algorithm, limit: 100, windowMs: HOUR_MS },
    });

const session: Make = ({ sessions }, at) => sessions.create({ data: sampleSession(at), idleTtlMs: HOUR_MS });

/** Under a key as long as a session's. */
const plain =
  (endpoint: RedisEndpoint): Make =>
  (_, at) => {
    const key = `tollbooth:sess:{${String(at).padStart(36, "0")}}`;
    return redisCommand(endpoint, "SET", key, JSON.stringify(sampleSession(at)), "PX", String(HOUR_MS));
  };

const marker: Make = ({ verifications }, at) =>
  verifications.markOnce(`marker-${at}`, {
    token: `token-${at}`,
    fingerprint: "what is bought",
    retainUntilMs: Date.now() + HOUR_MS,
  });

/** The server is emptied before and after. */
export async function measureBytes(endpoint: RedisEndpoint): Promise<BytesAnIdentity> {
  const stores = createIoredisStores({ connection: { url: endpoint.url }, commandTimeoutMs: 10_000 });
  const grown = (make: Make) => growth(endpoint, stores, make);
  const dataBytes = meanLength((at) => JSON.stringify(sampleSession(at)));
  try {
    return {
      limit: await grown(limitOf("fixed-window")),
      slidingWindow: await grown(limitOf("sliding-window")),
      tokenBucket: await grown(limitOf("token-bucket")),
      session: (await grown(session)) - dataBytes,
      plain: (await grown(plain(endpoint))) - dataBytes,
      marker: await grown(marker),
    };
  } finally {
    await stores.close();
  }
}

async function growth(endpoint: RedisEndpoint, stores: Stores, make: Make): Promise<number> {
  // The first call loads the script, and makes its parts of the connection.
  await Promise.all(Array.from({ length: 200 }, (_, at) => make(stores, at)));
  await redisCommand(endpoint, "FLUSHALL", "SYNC");
  const before = await usedBytes(endpoint);
  for (let at = 0; at < IDENTITIES; at += 200) {
    await Promise.all(Array.from({ length: 200 }, (_, step) => make(stores, at + step)));
  }
  const after = await usedBytes(endpoint);
  const keys = await allKeys(endpoint);
  await redisCommand(endpoint, "FLUSHALL", "SYNC");
  return (after - before) / IDENTITIES - keys.reduce((sum, key) => sum + key.length, 0) / IDENTITIES;
}

/** Without the buffers of connections, which come and go. */
async function usedBytes(endpoint: RedisEndpoint): Promise<number> {
  // Tables that grew are moved to their new size step by step.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const info = String(await redisCommand(endpoint, "INFO", "memory"));
  const of = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? Number.NaN);
  return of("used_memory") - of("mem_clients_normal");
}

async function allKeys(endpoint: RedisEndpoint): Promise<string[]> {
  const keys = await redisCommand(endpoint, "KEYS", "*");
  if (!Array.isArray(keys)) throw new Error("KEYS answered no list.");
  return keys.map(String);
}

function meanLength(text: (at: number) => string): number {
  let sum = 0;
  for (let at = 0; at < IDENTITIES; at += 1) sum += Buffer.byteLength(text(at));
  return sum / IDENTITIES;
}
