// Three limits of one client at once: our consumeAll, and rate-limiter-flexible's union, which is not atomic.
import { RateLimiterRedis, RateLimiterUnion } from "rate-limiter-flexible";
import { type Contender, clientOf, type Server } from "../measuring/subject.ts";
import { openIoredis, openNodeRedis } from "./clients.ts";
import { checkLimiter, type Limit, type OpenLimiter } from "./limiter.ts";
import type { OpenStores } from "./our-stores.ts";

/** The first is the limit; the others leave room, as a minute's limit does beside an hour's and a day's. */
const limitsOf = ({ limit, windowMs }: Limit): Limit[] =>
  [1, 2, 3].map((times) => ({ limit: limit * times, windowMs: windowMs * times }));

export function ourThreeLimits(open: OpenStores): OpenLimiter {
  return async (server, limit) => {
    const stores = await open(server);
    const policies = limitsOf(limit).map((of) => ({ algorithm: "fixed-window" as const, ...of }));
    const route = `three-${limit.limit}`;
    return {
      consume: async (client) => {
        const checks = policies.map((policy) => ({ route, client, policy }));
        return (await stores.rateLimits.consumeAll(checks)).allowed;
      },
      close: () => stores.close(),
    };
  };
}

async function openClient(server: Server, name: "ioredis" | "node-redis") {
  if (name === "ioredis") {
    const client = openIoredis(server);
    return { storeClient: client, close: async () => void (await client.quit()) };
  }
  const client = await openNodeRedis(server);
  return { storeClient: client, close: async () => void (await client.close()) };
}

export function flexibleUnion(name: "ioredis" | "node-redis"): OpenLimiter {
  return async (server, limit) => {
    const { storeClient, close } = await openClient(server, name);
    const limiters = limitsOf(limit).map(
      ({ limit: points, windowMs }, at) =>
        new RateLimiterRedis({
          storeClient,
          useRedisPackage: name === "node-redis",
          points,
          duration: windowMs / 1_000,
          keyPrefix: `union-${limit.limit}-${at}`,
        }),
    );
    const union = new RateLimiterUnion(...limiters);
    return { consume: (client) => isAdmitted(union.consume(client)), close };
  };
}

/** The union rejects with the limiters that deny, each with its answer; anything else is an error. */
async function isAdmitted(consumed: Promise<object>): Promise<boolean> {
  try {
    await consumed;
    return true;
  } catch (error) {
    const denials = typeof error === "object" && error !== null ? Object.values(error) : [];
    if (denials.length > 0 && denials.every((denial) => "msBeforeNext" in Object(denial))) return false;
    throw error;
  }
}

export function threeLimitsContender(open: OpenLimiter): Contender {
  const endless = { limit: 10_000_000, windowMs: 3_600_000 };
  return {
    check: (server) => checkLimiter(open, server),
    async open(server) {
      const limiter = await open(server, endless);
      return { operation: (turn) => limiter.consume(clientOf(turn)), close: () => limiter.close() };
    },
  };
}
