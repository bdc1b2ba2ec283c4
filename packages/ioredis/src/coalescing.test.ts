// Calls that travel together, on a real server.
import { coalescingSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

coalescingSuite(provider);
