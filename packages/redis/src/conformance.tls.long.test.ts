// The published suites over connections of our own to a server that takes TLS and an ACL user only.
import { conformanceSuites } from "@tollbooth-stores/redis-testkit/suites";
import { inject } from "vitest";
import { provider } from "./provider.test-support.ts";

conformanceSuites(provider, { name: "TLS with an ACL user", endpoint: inject("redis").tls, processes: true });
