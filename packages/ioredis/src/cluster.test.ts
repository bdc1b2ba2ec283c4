// A cluster, over a connection of ours and over a client of the caller's: what every provider over Redis must hold.
import { clusterSuite } from "@tollbooth-stores/redis-testkit/suites";
import { Cluster } from "ioredis";
import { provider } from "./provider.test-support.ts";

clusterSuite(provider, async (nodes, keyPrefix = "") => {
  const client = new Cluster([...nodes], { redisOptions: { keyPrefix } });
  return { client, isUp: () => client.status === "ready", end: () => client.disconnect() };
});
