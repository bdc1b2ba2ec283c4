// The published suites over connections of our own to a server that takes TLS and an ACL user only.
import {
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import { inject } from "vitest";
import { connectionTo, nodeRedisHarnesses, processesOn } from "./conformance.test-support.ts";

const { tls } = inject("redis");
const connection = connectionTo(tls);
const harnesses = nodeRedisHarnesses(() => ({ connection }), {
  name: "TLS with an ACL user",
  endpoint: tls,
  processes: processesOn(connection),
});
rateLimitStoreSuite(harnesses.rateLimits);
sessionStoreSuite(harnesses.sessions);
verificationStoreSuite(harnesses.verifications);
storesSuite(harnesses.stores);
