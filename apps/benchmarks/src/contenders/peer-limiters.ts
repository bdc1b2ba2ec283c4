// Other libraries' rate limiters, set up as their READMEs say.
import { MemoryStore, rateLimit, type Store } from "express-rate-limit";
import { type RedisReply, RedisStore } from "rate-limit-redis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { Server } from "../measuring/subject.ts";
import { openIoredis, openNodeRedis, openNodeRedisCluster } from "./clients.ts";
import type { Limit, Limiter, OpenLimiter } from "./limiter.ts";

/** rate-limiter-flexible rejects with a RateLimiterRes where a client is denied. */
async function isAdmitted(consumed: Promise<RateLimiterRes>): Promise<boolean> {
  try {
    await consumed;
    return true;
  } catch (error) {
    if (error instanceof RateLimiterRes) return false;
    throw error;
  }
}

const flexibleOptions = ({ limit, windowMs }: Limit) => ({
  points: limit,
  duration: windowMs / 1_000,
  keyPrefix: `rlf${limit}`,
});

/** "block": a denied client is remembered in the process. */
export function flexibleOnIoredis(memory: "none" | "block"): OpenLimiter {
  return async (server, limit) => {
    const client = openIoredis(server);
    const limiter = new RateLimiterRedis({
      storeClient: client,
      ...flexibleOptions(limit),
      ...(memory === "block" && { inMemoryBlockOnConsumed: limit.limit }),
    });
    return {
      consume: (key) => isAdmitted(limiter.consume(key)),
      close: async () => void (await client.quit()),
    };
  };
}

export function flexibleOnNodeRedis(memory: "none" | "block"): OpenLimiter {
  return async (server, limit) => {
    const client = server.kind === "cluster" ? await openNodeRedisCluster(server) : await openNodeRedis(server);
    const limiter = new RateLimiterRedis({
      storeClient: client,
      useRedisPackage: true,
      ...flexibleOptions(limit),
      ...(memory === "block" && { inMemoryBlockOnConsumed: limit.limit }),
    });
    return {
      consume: (key) => isAdmitted(limiter.consume(key)),
      close: async () => void (await client.close()),
    };
  };
}

export const flexibleInMemory: OpenLimiter = async (_server, limit) => {
  const limiter = new RateLimiterMemory(flexibleOptions(limit));
  return { consume: (key) => isAdmitted(limiter.consume(key)), close: async () => {} };
};

/** The decision that the middleware makes from its store's answer. The middleware sets the store up. */
function expressLimiter(store: Store, { limit, windowMs }: Limit, close: () => Promise<void>): Limiter {
  rateLimit({ store, limit, windowMs, validate: false });
  return { consume: async (key) => (await store.increment(key)).totalHits <= limit, close };
}

const expressRedisStore = (send: (words: string[]) => Promise<RedisReply>, { limit }: Limit) =>
  new RedisStore({ prefix: `erl${limit}:`, sendCommand: (...words) => send(words) });

export const expressOnIoredis: OpenLimiter = async (server, limit) => {
  const client = openIoredis(server);
  const send = async (words: string[]) => asReply(await client.call(words[0] ?? "", ...words.slice(1)));
  return expressLimiter(expressRedisStore(send, limit), limit, async () => void (await client.quit()));
};

export const expressOnNodeRedis: OpenLimiter = async (server, limit) => {
  const client = await openNodeRedis(server);
  const send = async (words: string[]) => asReply(await client.sendCommand(words));
  return expressLimiter(expressRedisStore(send, limit), limit, async () => void (await client.close()));
};

/** The replies of its two scripts: a number, a text, or a list of these. */
function asReply(reply: unknown): RedisReply {
  if (typeof reply === "string" || typeof reply === "number") return reply;
  if (Array.isArray(reply)) return reply.map((part) => (typeof part === "number" ? part : String(part)));
  throw new Error("An unexpected reply.");
}

export const expressInMemory: OpenLimiter = async (_server: Server, limit) => {
  const store = new MemoryStore();
  return expressLimiter(store, limit, async () => store.shutdown());
};
