// The published suites over connections of our own to the primary that three sentinels name.
import { sentinelConformance } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

await sentinelConformance(provider);
