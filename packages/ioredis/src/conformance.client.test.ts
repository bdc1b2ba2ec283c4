// The published suites over a client of the caller's that speaks RESP2.
import {
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import { inject } from "vitest";
import { clientTo, ioredisHarnesses } from "./conformance.test-support.ts";

const { single } = inject("redis");
const harnesses = ioredisHarnesses(() => ({ client: clientTo(single, { protocol: 2 }) }), {
  name: "your client, RESP2",
  endpoint: single,
});
rateLimitStoreSuite(harnesses.rateLimits);
sessionStoreSuite(harnesses.sessions);
verificationStoreSuite(harnesses.verifications);
storesSuite(harnesses.stores);
