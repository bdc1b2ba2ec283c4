// The published suites, and random sequences beside core on a Map, on two adapters: Keyv's own on a Map, and one on a real Redis. They show what holds among the
// callers of one process, where the port is atomic; towards other processes it says atomic: false and is tested for that
// in create-keyv-stores.test.ts.
import KeyvRedis from "@keyv/redis";
import {
  type Need,
  type PortHarnesses,
  portHarnesses,
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationDifferential,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import type { AtomicPort } from "@tollbooth-stores/core";
import { type ManualClock, manualClock, mapPort } from "@tollbooth-stores/core/testing";
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

function harnessesOf(name: string, port: AtomicPort, clock: ManualClock): PortHarnesses {
  return portHarnesses({
    name,
    port: { ...port, capabilities: { ...port.capabilities, atomic: true } },
    now: clock.now,
    advance: clock.advance,
    stepsBack: true,
    lacks,
  });
}

function suites(name: string, keyv: KeyvLike, commandTimeoutMs?: number): void {
  const clock = manualClock();
  const harnesses = harnessesOf(name, keyvPort({ keyv, clock, commandTimeoutMs }), clock);
  rateLimitStoreSuite(harnesses.rateLimits);
  sessionStoreSuite(harnesses.sessions);
  verificationStoreSuite(harnesses.verifications);
  storesSuite(harnesses.stores);
  const reference = manualClock();
  const core = harnessesOf("core on a Map", mapPort(reference), reference);
  verificationDifferential([core.verifications, harnesses.verifications], { runs: 40 });
}

suites("keyv on a Map", new Keyv());

const redis = new KeyvRedis(inject("redis").single.url, { throwOnErrors: true });
afterAll(() => redis.disconnect());
suites("keyv on Redis", redis, 10_000);
