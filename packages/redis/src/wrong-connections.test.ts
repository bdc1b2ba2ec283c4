// Connections that are described wrongly, or lead to servers that cannot serve.
import { wrongConnectionSuite } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { provider } from "./provider.test-support.ts";

wrongConnectionSuite(provider, inject("redis"));
