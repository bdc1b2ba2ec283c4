// The published suites over connections of our own to a plain server; and what clients of other versions make of it.
import { conformanceSuites } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { createIoredisStores } from "./index.ts";
import { clientTo, provider } from "./provider.test-support.ts";

const { single } = inject("redis");
conformanceSuites(provider, {
  name: "plain",
  endpoint: single,
  processes: true,
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
