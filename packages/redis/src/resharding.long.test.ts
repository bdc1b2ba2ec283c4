// A cluster that changes under load, over connections of our own.
import { reshardingSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

reshardingSuite(provider);
