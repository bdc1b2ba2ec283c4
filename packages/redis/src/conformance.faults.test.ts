// The published suite of all stores on a server that freezes, dies, forgets its scripts and refuses.
import { storesSuite } from "@tollbooth-stores/conformance";
import { provokeErrors, startFailingRedis } from "@tollbooth-stores/test-support";
import { afterAll, expect, it } from "vitest";
import { connectionTo, nodeRedisHarnesses } from "./conformance.test-support.ts";
import { createNodeRedisStores, isStoreError } from "./index.ts";

const failing = await startFailingRedis();
afterAll(() => failing.stop());
const provoke = () =>
  provokeErrors(failing.redis, (connection, keyPrefix) => createNodeRedisStores({ connection, keyPrefix }));

storesSuite(
  nodeRedisHarnesses(() => ({ connection: connectionTo(failing.endpoint) }), {
    name: "a server that fails",
    endpoint: failing.endpoint,
    server: failing.probe(500, provoke),
  }).stores,
);

it("answers every refusal of a server with a code, an outcome and what mends it", async () => {
  const told = (await provoke()).map(({ about, error }) =>
    isStoreError(error) ? `${about}: ${error.code}, ${error.outcome}: ${error.message}` : `${about}: ${String(error)}`,
  );
  expect(told).toMatchInlineSnapshot(`
    [
      "EVALSHA is forbidden: STORE_UNAVAILABLE, not-applied: This Redis user may not run the stores' commands; its ACL must allow EVALSHA, EVAL and the key prefix.",
      "wrong password: STORE_UNAVAILABLE, not-applied: Redis refused the username or password; check \`username\` and \`password\` of the connection.",
      "unknown user: STORE_UNAVAILABLE, not-applied: Redis refused the username or password; check \`username\` and \`password\` of the connection.",
      "bad URL: STORE_CONFIG, not-applied: \`connection.url\` must be redis://host:port/db, or rediss:// for TLS, with user:password@ if need be.",
      "bad port: STORE_CONFIG, not-applied: \`connection.url\` must be redis://host:port/db, or rediss:// for TLS, with user:password@ if need be.",
      "no such database: STORE_UNAVAILABLE, not-applied: Redis has no such database; check \`db\` of the connection.",
      "nobody there: STORE_UNAVAILABLE, not-applied: No connection to Redis within commandTimeoutMs (500); nothing was sent. Check the connection's url or host.",
      "out of memory: STORE_UNAVAILABLE, not-applied: Redis is out of memory; raise maxmemory, and keep maxmemory-policy at noeviction.",
      "a key of another type: STORE_CORRUPT, not-applied: A stored session cannot be read; it was kept as it is. Does something else write under keyPrefix?",
      "too few replicas: STORE_UNAVAILABLE, not-applied: Redis has too few replicas in sync (min-replicas-to-write) and refuses writes; try again.",
    ]
  `);
});
