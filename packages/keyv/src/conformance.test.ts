// The published suites on two adapters: Keyv's own on a Map, and one on a real Redis. They show what holds among the
// callers of one process, where the port is atomic; towards other processes it says atomic: false and is tested for that
// in create-keyv-stores.test.ts.
import KeyvRedis from "@keyv/redis";
import {
  type Need,
  portHarnesses,
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import { manualClock } from "@tollbooth-stores/core/testing";
import type {} from "@tollbooth-stores/redis-testkit/global-setup";
import { Keyv } from "keyv";
import { afterAll, inject } from "vitest";
import type { KeyvLike } from "./checked-adapter.ts";
import { keyvPort } from "./keyv-port.ts";

/** What needs a server of the stores' own, a second process or a bound; failures are in keyv-port.test.ts. */
const lacks: readonly Need[] = [
  "persist",
  "skewed",
  "spawn",
  "bounded",
  "denyCache",
  "server",
  "cluster",
  "peers",
  "borrowed",
  "physicalTtls",
];

function suites(name: string, keyv: KeyvLike, commandTimeoutMs?: number): void {
  const clock = manualClock();
  const port = keyvPort({ keyv, clock, commandTimeoutMs });
  const harnesses = portHarnesses({
    name,
    port: { ...port, capabilities: { ...port.capabilities, atomic: true } },
    now: clock.now,
    advance: clock.advance,
    stepsBack: true,
    lacks,
  });
  rateLimitStoreSuite(harnesses.rateLimits);
  sessionStoreSuite(harnesses.sessions);
  verificationStoreSuite(harnesses.verifications);
  storesSuite(harnesses.stores);
}

suites("keyv on a Map", new Keyv());

const redis = new KeyvRedis(inject("redis").single.url, { throwOnErrors: true });
afterAll(() => redis.disconnect());
suites("keyv on Redis", redis, 10_000);
