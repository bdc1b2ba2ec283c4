// More random sequences of payments on Keyv on a real Redis, beside core on a Map.
import KeyvRedis from "@keyv/redis";
import type {} from "@tollbooth-stores/redis-testkit/global-setup";
import { afterAll, inject } from "vitest";
import { beside, keyvHarnesses } from "./keyv-harness.test-support.ts";

const redis = new KeyvRedis(inject("redis").single.url, { throwOnErrors: true });
afterAll(() => redis.disconnect());
beside(keyvHarnesses("keyv on Redis", redis, 10_000), 40);
