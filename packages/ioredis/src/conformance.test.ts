// The published suites over connections of our own to a plain server; and what clients of other versions make of it.
import {
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import { inject } from "vitest";
import { clientTo, connectionTo, ioredisHarnesses, processesOn } from "./conformance.test-support.ts";
import { createIoredisStores } from "./index.ts";

const { single } = inject("redis");
const connection = connectionTo(single);
const harnesses = ioredisHarnesses(() => ({ connection }), {
  name: "plain",
  endpoint: single,
  processes: processesOn(connection),
  async borrowed(options) {
    const client = clientTo(single);
    return {
      store: createIoredisStores({ client, ...options }),
      clientWorks: async () => (await client.ping()) === "PONG",
    };
  },
  peers: {
    RESP2: (options) => createIoredisStores({ client: clientTo(single, { protocol: 2 }), ...options }),
    RESP3: (options) => createIoredisStores({ client: clientTo(single, { protocol: 3 }), ...options }),
  },
});
rateLimitStoreSuite(harnesses.rateLimits);
sessionStoreSuite(harnesses.sessions);
verificationStoreSuite(harnesses.verifications);
storesSuite(harnesses.stores);
