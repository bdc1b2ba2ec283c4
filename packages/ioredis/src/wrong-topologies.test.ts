// Connections of another kind than their server, and connections that lead nowhere.
import { wrongTopologySuite } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { provider } from "./provider.test-support.ts";

wrongTopologySuite(provider, inject("redis"));
