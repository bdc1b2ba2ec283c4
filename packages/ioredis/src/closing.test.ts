// close() in every state of a connection of our own.
import { closingSuite } from "@tollbooth-stores/redis-testkit/suites";
import { provider } from "./provider.test-support.ts";

closingSuite(provider);
