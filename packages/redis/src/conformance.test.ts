// The published suites over connections of our own to a plain server; and what clients of other versions make of it.
import {
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { inject } from "vitest";
import { clientTo, connectionTo, nodeRedisHarnesses, processesOn } from "./conformance.test-support.ts";
import { createNodeRedisStores } from "./index.ts";

const { single } = inject("redis");
const connection = connectionTo(single);
const harnesses = nodeRedisHarnesses(() => ({ connection }), {
  name: "plain",
  endpoint: single,
  processes: processesOn(connection),
  async borrowed(options) {
    const client = clientTo(single);
    return {
      store: createNodeRedisStores({ client, ...options }),
      clientWorks: async () => (await client.eval("return 'yes'", { keys: [], arguments: [] })) === "yes",
    };
  },
  peers: {
    ioredis: (options) => createIoredisStores({ connection, ...options }),
    RESP2: (options) => createNodeRedisStores({ client: clientTo(single, { RESP: 2 }), ...options }),
    RESP3: (options) => createNodeRedisStores({ client: clientTo(single, { RESP: 3 }), ...options }),
  },
});
rateLimitStoreSuite(harnesses.rateLimits);
sessionStoreSuite(harnesses.sessions);
verificationStoreSuite(harnesses.verifications);
storesSuite(harnesses.stores);
