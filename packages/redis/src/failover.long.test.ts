// Failovers by sentinels under load, over connections of our own.
import { failoverSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

failoverSuite(provider);
