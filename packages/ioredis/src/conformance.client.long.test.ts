// The published suites over a client of the caller's that speaks RESP2.
import { conformanceSuites } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { clientTo, provider } from "./provider.test-support.ts";

const { single } = inject("redis");
conformanceSuites(provider, {
  name: "your client, RESP2",
  endpoint: single,
  client: () => clientTo(single, { protocol: 2 }),
});
