// The primary that sentinels name, over connections of our own.
import { sentinelSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

sentinelSuite(provider);
