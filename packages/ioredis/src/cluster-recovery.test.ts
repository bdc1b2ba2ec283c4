// A cluster whose connections are killed and whose primaries change, over connections of our own.
import { clusterRecoverySuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

clusterRecoverySuite(provider);
