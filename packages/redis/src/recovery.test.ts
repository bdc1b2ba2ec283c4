// A server that falls silent, goes away or comes back, under connections of our own.
import { recoverySuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

recoverySuite(provider);
