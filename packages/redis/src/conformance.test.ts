// The published suites over connections of our own to a plain server; and what clients of other versions make of it.
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { connectionTo } from "@tollbooth-stores/redis-testkit";
import { conformanceSuites } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { createNodeRedisStores } from "./index.ts";
import { clientTo, provider } from "./provider.test-support.ts";

const { single } = inject("redis");
conformanceSuites(provider, {
  name: "plain",
  endpoint: single,
  processes: true,
  async borrowed(options) {
    const client = clientTo(single);
    return {
      store: createNodeRedisStores({ client, ...options }),
      clientWorks: async () => (await client.eval("return 'yes'", { keys: [], arguments: [] })) === "yes",
    };
  },
  peers: {
    ioredis: (options) => createIoredisStores({ connection: connectionTo(single), ...options }),
    RESP2: (options) => createNodeRedisStores({ client: clientTo(single, { RESP: 2 }), ...options }),
    RESP3: (options) => createNodeRedisStores({ client: clientTo(single, { RESP: 3 }), ...options }),
  },
});
