// A cluster, over a connection of ours and over a client of the caller's: what every provider over Redis must hold.
import { clusterSuite } from "@tollbooth-stores/test-support/suites";
import { Cluster } from "ioredis";
import { createIoredisStores } from "./index.ts";

clusterSuite({
  name: "ioredis",
  open: (options) => createIoredisStores(options),
  async borrow(nodes, keyPrefix = "") {
    const client = new Cluster([...nodes], { redisOptions: { keyPrefix } });
    return {
      open: (options) => createIoredisStores({ client, ...options }),
      isUp: () => client.status === "ready",
      end: () => client.disconnect(),
    };
  },
});
