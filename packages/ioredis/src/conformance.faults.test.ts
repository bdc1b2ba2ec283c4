// The published suite of all stores on a server that freezes, dies, forgets its scripts and refuses.
import { failingServerSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

await failingServerSuite(provider);
