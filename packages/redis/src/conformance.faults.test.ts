// The published suite of all stores on a server that freezes, dies, forgets its scripts and refuses; and one that is full.
import { failingServerSuite, fullMemorySuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

fullMemorySuite(provider);
await failingServerSuite(provider);
