// The published suites, on this provider. What they name as not applying needs a server or a second process.
import {
  type Need,
  portHarnesses,
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import { isEvictable } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import {
  createMemoryRateLimitStore,
  createMemorySessionStore,
  createMemoryStores,
  createMemoryVerificationStore,
} from "./create-memory-stores.ts";
import { memoryPort } from "./memory-port.ts";

const clock = manualClock();
const lacks: readonly Need[] = [
  "persist",
  "skewed",
  "spawn",
  "denyCache",
  "server",
  "cluster",
  "peers",
  "borrowed",
  "physicalTtls",
];
const harnesses = portHarnesses({
  name: "memory",
  port: memoryPort({ clock, isEvictable }),
  now: clock.now,
  advance: clock.advance,
  stepsBack: true,
  inProcess: true,
  lacks,
});

rateLimitStoreSuite({
  ...harnesses.rateLimits,
  probes: {
    ...harnesses.rateLimits.probes,
    bounded: (keyPrefix, maxEntries) => createMemoryRateLimitStore({ keyPrefix, maxEntries, clock }),
  },
});
sessionStoreSuite({
  ...harnesses.sessions,
  probes: {
    ...harnesses.sessions.probes,
    bounded: (keyPrefix, maxEntries) => createMemorySessionStore({ keyPrefix, maxEntries, clock }),
  },
});
verificationStoreSuite({
  ...harnesses.verifications,
  probes: {
    ...harnesses.verifications.probes,
    bounded: (keyPrefix, maxEntries) => createMemoryVerificationStore({ keyPrefix, maxEntries, clock }),
  },
});
storesSuite({
  ...harnesses.stores,
  probes: {
    ...harnesses.stores.probes,
    bounded: (keyPrefix, maxEntries) => createMemoryStores({ keyPrefix, maxEntries, clock }),
  },
});
