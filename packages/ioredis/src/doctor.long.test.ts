// What an examination says of clusters and of sentinels' primaries.
import { doctorClusterReplicaSuite, doctorTopologySuite } from "@tollbooth-stores/redis-testkit/suites";
import { borrowCluster, provider } from "./provider.test-support.ts";

doctorTopologySuite(provider, borrowCluster);
doctorClusterReplicaSuite(provider);
