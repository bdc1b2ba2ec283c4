// Golden messages of what is wrong with a Redis connection, word for word; none holds a secret.
import { isStoreError } from "@tollbooth-stores/core";
import { expect, it } from "vitest";
import { loadStores } from "../load-stores.ts";
import { fakeClient } from "./fake-client.test-support.ts";

/** The problems of `redis`, the block of form A, given as YAML's flow style. */
async function problems(redis: string, more = ""): Promise<string[]> {
  const client = fakeClient();
  const text = `stores:\n  provider: redis\n  redis: ${redis}\n${more}`;
  const error: unknown = await loadStores(text, {
    env: { LONG: "hunter2".repeat(50), BAD: "hunter2#@:" },
    providers: [client.provider],
  }).then(
    () => new Error("It loaded."),
    (thrown: unknown) => thrown,
  );
  if (!isStoreError(error, "STORE_CONFIG")) throw error;
  expect(client.opened).toEqual([]);
  expect(`${error.message} ${error.stack} ${JSON.stringify(error.cause)}`).not.toContain("hunter2");
  return error.message.split("\n").slice(1);
}

it.each([
  ["{}"],
  ["{ password: hunter2 }"],
  ["{ url: 'redis://a', host: b }"],
  ["{ host: a, cluster: [b] }"],
  ["{ ulr: 'redis://a' }"],
  ["{ hots: a, prot: 1 }"],
])("where: %s", async (redis) => {
  expect(await problems(redis)).toMatchSnapshot();
});

it.each([
  ["hunter2"],
  ["http://a"],
  ["redis://"],
  ["redis:/a"],
  ["redis://user:hunter2#@a"],
  ["redis://user:hun/ter2@a"],
  ["redis://user:hunter2@a@b"],
  ["redis://user:%hunter2@a"],
  ["redis://a:99999"],
  ["redis://a:0"],
  ["redis://a:hunter2"],
  ["redis://a/hunter2"],
  ["redis://a/1/2"],
  ["redis://a?password=hunter2"],
  ["redis://a b"],
  [`\${BAD}`],
  [`redis://u:\${BAD}@a`],
  ["unix:///var/run/redis.sock"],
])("url: %s", async (url) => {
  expect(await problems(`{ url: "${url}" }`)).toMatchSnapshot();
});

it.each([
  ["{ url: 'redis://u:p@a', username: v }"],
  ["{ url: 'redis://u:p@a/1', password: hunter2, db: 2, port: 1 }"],
  ["{ url: 'redis://u@a' }"],
  ["{ url: 'redis://a', tls: true }"],
  ["{ url: 'redis://a', tls: { servername: b } }"],
  ["{ url: 'rediss://a', tls: false }"],
  ["{ host: a, username: u }"],
  ["{ host: 'redis://u:hunter2@a' }"],
  ["{ host: 'a:6379' }"],
  ["{ host: 'user:hunter2@a' }"],
  ["{ host: 'a,b' }"],
  ['{ host: "a\\0" }'],
  ["{ host: a, port: 0 }"],
  ["{ host: a, port: '6379x' }"],
  ["{ host: a, db: -1 }"],
  ["{ host: a, password: 123456 }"],
  ["{ host: a, password: '' }"],
  ["{ host: a, tls: maybe }"],
  ["{ host: a, tls: [] }"],
  ["{ host: a, commandTimeoutMs: 0, connectTimeoutMs: 1.5 }"],
  ["{ host: a, commandTimeoutMs: 15m }"],
  ["{ host: a, onUnavailable: allow }"],
])("options: %s", async (redis) => {
  expect(await problems(redis)).toMatchSnapshot();
});

it.each([
  ["{ cluster: [] }"],
  ["{ cluster: 5 }"],
  ["{ cluster: ['a:1', 'redis://u:hunter2@b', { port: 5 }, { host: 'b:6', prot: 7 }] }"],
  ["{ cluster: { host: a, port: x } }"],
  ["{ cluster: [a], db: 1, port: 5 }"],
  ["{ cluster: [[a]] }"],
  ["{ sentinel: main }"],
  ["{ sentinel: {} }"],
  ["{ sentinel: { name: main, nodes: 'a:x', url: 'redis://hunter2' } }"],
  ["{ sentinel: { name: main, nodes: a }, host: b }"],
])("topologies: %s", async (redis) => {
  expect(await problems(redis)).toMatchSnapshot();
});

it("a store that says half a connection is told that nothing is joined to it", async () => {
  const store = "  sessions: { db: 2 }\n  rateLimits: { password: hunter2 }\n";
  expect(await problems("{ host: a, password: hunter2 }", store)).toMatchInlineSnapshot(`
    [
      "- stores.rateLimits.password: says how to connect, but not where: url, host, cluster or sentinel must stand in the same block",
      "- stores.sessions.db: says how to connect, but not where: url, host, cluster or sentinel must stand in the same block",
    ]
  `);
});

it("a store may not hold a block of connection options", async () => {
  expect(await problems("{ host: a }", "  sessions: { redis: { db: 1 } }\n")).toMatchInlineSnapshot(`
    [
      "- stores.sessions: unknown key "redis"; write the options of redis directly into stores.sessions",
    ]
  `);
});

it.each([["sessions"], ["verificationCache"]])("%s fails closed, and says why", async (store) => {
  for (const wanted of ["allow", "memory", "deny"]) {
    const told = await problems("{ host: a }", `  ${store}: { onUnavailable: ${wanted} }\n`);
    expect(told).toEqual([
      `- stores.${store}.onUnavailable: only rate limits may go on without their store: sessions and payments fail closed, since a payment that cannot be looked up could be spent twice; leave it out here`,
    ]);
  }
});

it.each([["rateLimits: { onUnavailable: open }"], ["onUnavailable: allow"], ["rateLimits: { onUnavailable: true }"]])(
  "onUnavailable: %s",
  async (line) => {
    expect(await problems("{ host: a }", `  ${line}\n`)).toMatchSnapshot();
  },
);
