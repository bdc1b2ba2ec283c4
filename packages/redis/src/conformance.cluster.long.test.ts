// The published suites over connections of our own to a cluster of three primaries and three replicas.
import { clusterConformance } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

await clusterConformance(provider);
