// What is particular to sessions on a Redis: their records, and many of them with default deadlines.
import { sessionSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

sessionSuite(provider);
