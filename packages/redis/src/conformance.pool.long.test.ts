// The published suites over a pool of the caller's.
import { conformanceSuites } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { poolTo, provider } from "./provider.test-support.ts";

const { single } = inject("redis");
conformanceSuites(provider, { name: "your pool", endpoint: single, client: () => poolTo(single) });
