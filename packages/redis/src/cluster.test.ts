// A cluster, over a connection of ours and over a client of the caller's: what every provider over Redis must hold.
import { clusterSuite } from "@tollbooth-stores/test-support/suites";
import { createCluster } from "redis";
import { createNodeRedisStores } from "./index.ts";

clusterSuite({
  name: "node-redis",
  open: (options) => createNodeRedisStores(options),
  async borrow(nodes, keyPrefix = "") {
    const client = createCluster({ rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port } })), keyPrefix });
    await client.connect();
    return {
      open: (options) => createNodeRedisStores({ client, ...options }),
      isUp: () => client.isOpen,
      end: () => client.destroy(),
    };
  },
});
