// Connections of our own, on real servers: what every provider over Redis must hold.
import { connectionSuite, replicaSuite, roundTripSuite } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { clientTo, provider } from "./provider.test-support.ts";

connectionSuite(provider, inject("redis"));
replicaSuite(provider, clientTo);
roundTripSuite(provider);
