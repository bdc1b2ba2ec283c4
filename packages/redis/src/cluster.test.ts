// A cluster, over a connection of ours and over a client of the caller's: what every provider over Redis must hold.
import { clusterSuite } from "@tollbooth-stores/redis-testkit/suites";
import { createCluster } from "redis";
import { provider } from "./provider.test-support.ts";

clusterSuite(provider, async (nodes, keyPrefix = "") => {
  const client = createCluster({ rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port } })), keyPrefix });
  await client.connect();
  return { client, isUp: () => client.isOpen, end: () => client.destroy() };
});
