// Connections of the wrong kind for what is there, and such as lead nowhere.
import { wrongTopologySuite } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { provider } from "./provider.test-support.ts";

wrongTopologySuite(provider, inject("redis"));
