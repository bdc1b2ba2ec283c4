// Every workload, and the contenders that do it.
import { claimsContender, ourClaims, redlockClaims } from "./contenders/claims.ts";
import { connectRedisGet, connectRedisTouch } from "./contenders/connect-redis.ts";
import { keyvRedisGet } from "./contenders/keyv-redis.ts";
import { type Drive, limiterContender } from "./contenders/limiter.ts";
import { ourLimiter } from "./contenders/our-limiter.ts";
import { ourSessionDebit, ourSessionGet, ourSessionTouch } from "./contenders/our-sessions.ts";
import { ourStores } from "./contenders/our-stores.ts";
import { ourPayments } from "./contenders/payments.ts";
import {
  expressInMemory,
  expressOnIoredis,
  expressOnNodeRedis,
  flexibleInMemory,
  flexibleOnIoredis,
  flexibleOnNodeRedis,
} from "./contenders/peer-limiters.ts";
import { rawClients, rawExpire, rawGet, rawIncr } from "./contenders/raw-commands.ts";
import { flexibleUnion, ourThreeLimits, threeLimitsContender } from "./contenders/three-limits.ts";
import type { Workload } from "./measuring/subject.ts";

const onIoredis = ourStores["tollbooth/ioredis"];
const onNodeRedis = ourStores["tollbooth/node-redis"];

function limiters(drive: Drive): Workload {
  return {
    "tollbooth/ioredis": limiterContender(ourLimiter(onIoredis), drive),
    "tollbooth/node-redis": limiterContender(ourLimiter(onNodeRedis), drive),
    "rlf/ioredis": limiterContender(flexibleOnIoredis("none"), drive),
    "rlf/node-redis": limiterContender(flexibleOnNodeRedis("none"), drive),
    "rate-limit-redis/ioredis": limiterContender(expressOnIoredis, drive),
    "rate-limit-redis/node-redis": limiterContender(expressOnNodeRedis, drive),
  };
}

function rawCounters(clients: "many" | "one"): Workload {
  return {
    "raw/ioredis": rawIncr(rawClients["raw/ioredis"], clients),
    "raw/node-redis": rawIncr(rawClients["raw/node-redis"], clients),
    "raw-autopipelining/ioredis": rawIncr(rawClients["raw-autopipelining/ioredis"], clients),
    "raw-no-timeout/node-redis": rawIncr(rawClients["raw-no-timeout/node-redis"], clients),
  };
}

/** By name. */
export const workloads: Readonly<Record<string, Workload>> = {
  "consume-spread": { ...limiters("spread"), ...rawCounters("many") },
  "consume-hot": { ...limiters("hot"), ...rawCounters("one") },
  "consume-denied": {
    ...limiters("denied"),
    "rlf-block/ioredis": limiterContender(flexibleOnIoredis("block"), "denied"),
    "rlf-block/node-redis": limiterContender(flexibleOnNodeRedis("block"), "denied"),
  },
  "consume-sliding-window": {
    "tollbooth/ioredis": limiterContender(ourLimiter(onIoredis, "sliding-window"), "spread"),
    "tollbooth/node-redis": limiterContender(ourLimiter(onNodeRedis, "sliding-window"), "spread"),
  },
  "consume-token-bucket": {
    "tollbooth/ioredis": limiterContender(ourLimiter(onIoredis, "token-bucket"), "spread"),
    "tollbooth/node-redis": limiterContender(ourLimiter(onNodeRedis, "token-bucket"), "spread"),
  },
  "consume-memory": {
    "tollbooth/memory": limiterContender(ourLimiter(ourStores["tollbooth/memory"]), "spread"),
    "rlf/memory": limiterContender(flexibleInMemory, "spread"),
    // All calls of one tick get the count of the last of them, so at once it denies them all.
    "express-rate-limit/memory": limiterContender(expressInMemory, "spread", "in-sequence"),
  },
  "consume-three": {
    "tollbooth/ioredis": threeLimitsContender(ourThreeLimits(onIoredis)),
    "tollbooth/node-redis": threeLimitsContender(ourThreeLimits(onNodeRedis)),
    "rlf-union/ioredis": threeLimitsContender(flexibleUnion("ioredis")),
    "rlf-union/node-redis": threeLimitsContender(flexibleUnion("node-redis")),
  },
  "session-get": {
    "tollbooth/ioredis": ourSessionGet(onIoredis),
    "tollbooth/node-redis": ourSessionGet(onNodeRedis),
    "raw/ioredis": rawGet(rawClients["raw/ioredis"]),
    "raw/node-redis": rawGet(rawClients["raw/node-redis"]),
    "raw-no-timeout/node-redis": rawGet(rawClients["raw-no-timeout/node-redis"]),
    "connect-redis/node-redis": connectRedisGet(rawClients["raw/node-redis"]),
    "keyv/node-redis": keyvRedisGet(),
  },
  "session-touch": {
    "tollbooth/ioredis": ourSessionTouch(onIoredis),
    "tollbooth/node-redis": ourSessionTouch(onNodeRedis),
    "connect-redis/ioredis": connectRedisTouch(rawClients["raw/ioredis"]),
    "connect-redis/node-redis": connectRedisTouch(rawClients["raw/node-redis"]),
    "raw/ioredis": rawExpire(rawClients["raw/ioredis"]),
    "raw/node-redis": rawExpire(rawClients["raw/node-redis"]),
  },
  "session-debit": {
    "tollbooth/ioredis": ourSessionDebit(onIoredis),
    "tollbooth/node-redis": ourSessionDebit(onNodeRedis),
  },
  claim: {
    "tollbooth/ioredis": claimsContender(ourClaims(onIoredis)),
    "tollbooth/node-redis": claimsContender(ourClaims(onNodeRedis)),
    "redlock/ioredis": claimsContender(redlockClaims()),
  },
  "pay-once": {
    "tollbooth/ioredis": ourPayments(onIoredis),
    "tollbooth/node-redis": ourPayments(onNodeRedis),
  },
};
