// What is particular to verifications on a Redis: its memory full, and results kept beside payments.
import { fullMemorySuite, keptResultSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

fullMemorySuite(provider);
keptResultSuite(provider);
