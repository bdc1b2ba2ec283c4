// The published suite of all stores over connections of our own to a cluster.
import { clusterConformanceInShort } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

await clusterConformanceInShort(provider);
