// What connections of our own tell the telemetry channel, and what ping() and check() prove over them.
import { connectionEventsSuite, readinessSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

connectionEventsSuite(provider);
readinessSuite(provider);
