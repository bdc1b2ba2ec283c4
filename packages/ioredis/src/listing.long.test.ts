// unresolved() on a cluster that is whole, that moves slots and that has lost a primary, over our connections and yours.
import { listingSuite } from "@tollbooth-stores/redis-testkit/suites";
import { borrowCluster, provider } from "./provider.test-support.ts";

listingSuite(provider, borrowCluster);
