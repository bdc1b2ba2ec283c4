// The published suites, as every provider over a client library runs them.
import {
  rateLimitStoreSuite,
  sessionStoreSuite,
  storesSuite,
  verificationStoreSuite,
} from "@tollbooth-stores/conformance";
import { isStoreError } from "@tollbooth-stores/core";
import { afterAll, expect, it } from "vitest";
import { type ClientHarnessOptions, type ClientProvider, clientHarnesses } from "./client-provider.ts";
import { startFailingRedis } from "./failing-redis.ts";
import { provokeErrors } from "./provoke-errors.ts";

/** Registers all of them. */
export function conformanceSuites<Client>(
  provider: ClientProvider<Client>,
  options: ClientHarnessOptions<Client>,
): void {
  const harnesses = clientHarnesses(provider, options);
  rateLimitStoreSuite(harnesses.rateLimits);
  sessionStoreSuite(harnesses.sessions);
  verificationStoreSuite(harnesses.verifications);
  storesSuite(harnesses.stores);
}

/** Registers the one of all stores, on a server that freezes, dies, forgets its scripts and refuses. */
export async function failingServerSuite<Client>(provider: ClientProvider<Client>): Promise<void> {
  const failing = await startFailingRedis();
  afterAll(() => failing.stop());
  const provoke = () => provokeErrors(failing.redis, (options) => provider.create.stores(options));
  const { endpoint } = failing;
  const server = failing.probe(500, provoke);
  storesSuite(clientHarnesses(provider, { name: "a server that fails", endpoint, server }).stores);

  it("answers every refusal of a server with a code, an outcome and what mends it", async () => {
    const told = (await provoke()).map(({ about, error }) =>
      isStoreError(error) ? [about, error.code, error.outcome, error.message] : [about, String(error)],
    );
    expect(told).toEqual(refusals);
  });
}

const unavailable = ["STORE_UNAVAILABLE", "not-applied"] as const;
const config = ["STORE_CONFIG", "not-applied"] as const;

const refusals = [
  [
    "EVALSHA is forbidden",
    ...unavailable,
    "This Redis user may not run the stores' commands; its ACL must allow EVALSHA, EVAL and the key prefix.",
  ],
  [
    "wrong password",
    ...unavailable,
    "Redis refused the username or password; check `username` and `password` of the connection.",
  ],
  [
    "unknown user",
    ...unavailable,
    "Redis refused the username or password; check `username` and `password` of the connection.",
  ],
  ["bad URL", ...config, "`connection.url` must be redis://host:6379 or, with TLS, rediss://host:6379."],
  [
    "bad port",
    ...config,
    "`connection.url` must be redis://host:6379 or, with TLS, rediss://host:6379; what is special in a URL (# / ? @ : %) must be percent-encoded in a user name or password; or give host, username and password instead.",
  ],
  ["no such database", ...unavailable, "Redis has no such database; check `db` of the connection."],
  [
    "no server there",
    ...unavailable,
    "No connection to Redis within commandTimeoutMs (500); nothing was sent. Nothing listens there (ECONNREFUSED); is Redis running, and is the address right? Check the connection's `url`, `host` and `port`, `cluster` or `sentinel.nodes`.",
  ],
  [
    "out of memory",
    ...unavailable,
    "Redis is out of memory; raise maxmemory, and keep maxmemory-policy at noeviction.",
  ],
  [
    "a key of another type",
    "STORE_CORRUPT",
    "not-applied",
    "A stored session cannot be read; it was kept as it is. Does something else write under keyPrefix?",
  ],
  [
    "too few replicas",
    ...unavailable,
    "Redis has too few replicas in sync (min-replicas-to-write) and refuses writes; try again.",
  ],
];
