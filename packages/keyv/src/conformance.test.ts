// The published suites, and random sequences beside core on a Map, on two adapters: Keyv's own on a Map, and one on a real Redis.
// They show what holds among the callers of one process, where the port is atomic; towards other processes it says
// atomic: false and is tested for that in create-keyv-stores.test.ts.
import KeyvRedis from "@keyv/redis";
import {
  type PortHarnesses,
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import type {} from "@tollbooth-stores/redis-testkit/global-setup";
import { Keyv } from "keyv";
import { afterAll, inject } from "vitest";
import { beside, keyvHarnesses } from "./keyv-harness.test-support.ts";

function suites(harnesses: PortHarnesses, runs: number): void {
  rateLimitStoreSuite(harnesses.rateLimits);
  sessionStoreSuite(harnesses.sessions);
  verificationStoreSuite(harnesses.verifications);
  storesSuite(harnesses.stores);
  beside(harnesses, runs);
}

suites(keyvHarnesses("keyv on a Map", new Keyv()), 40);

const redis = new KeyvRedis(inject("redis").single.url, { throwOnErrors: true });
afterAll(() => redis.disconnect());
suites(keyvHarnesses("keyv on Redis", redis, 10_000), 8);
