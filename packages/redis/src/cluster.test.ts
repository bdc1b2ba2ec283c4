// A cluster, over a connection of ours and over a client of the caller's: what every provider over Redis must hold.
import { clusterSuite } from "@tollbooth-stores/redis-testkit/suites";
import { borrowCluster, provider } from "./provider.test-support.ts";

clusterSuite(provider, borrowCluster);
