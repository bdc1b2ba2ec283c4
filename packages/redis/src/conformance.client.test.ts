// The published suites over a client of the caller's that speaks RESP2, and over a pool.
import {
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import { inject } from "vitest";
import { clientTo, nodeRedisHarnesses, poolTo } from "./conformance.test-support.ts";

const { single } = inject("redis");
const harnesses = nodeRedisHarnesses(() => ({ client: clientTo(single, { RESP: 2 }) }), {
  name: "your client, RESP2",
  endpoint: single,
});
rateLimitStoreSuite(harnesses.rateLimits);
sessionStoreSuite(harnesses.sessions);
verificationStoreSuite(harnesses.verifications);
storesSuite(harnesses.stores);

const pooled = nodeRedisHarnesses(() => ({ client: poolTo(single) }), { name: "your pool", endpoint: single });
rateLimitStoreSuite(pooled.rateLimits);
storesSuite(pooled.stores);
