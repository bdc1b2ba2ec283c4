// What the factories of every Redis client share: misspelt options and wrong descriptions of a connection.
import { describe, expect, it } from "vitest";
import type { RedisConnection } from "./connection/connection.ts";
import type { RedisPort } from "./redis-port.ts";
import { type RedisProviderOptions, redisFactories } from "./redis-provider.ts";

type Client = { name: string };

const silentPort: RedisPort = {
  name: "fake",
  cluster: false,
  ready: async () => {},
  isReady: () => true,
  connectionError: () => undefined,
  evalSha: async () => undefined,
  eval: async () => undefined,
  async *scan() {},
  tags: async () => [""],
  servers: async () => [],
  close: async () => {},
};
const create = redisFactories<Client>({
  name: "fake",
  borrow: () => silentPort,
  library: () => Promise.reject(new Error("This library opens nothing.")),
});
const factories = [
  ["port", create.port],
  ["stores", create.stores],
  ["rateLimits", create.rateLimits],
  ["sessions", create.sessions],
  ["verifications", create.verifications],
] as const;
const client = { name: "mine" };
const refused = (message: string) => expect.objectContaining({ code: "STORE_CONFIG", message });

describe.each(factories)("%s", (_, factory) => {
  it("takes every option", () => {
    const options: RedisProviderOptions<Client> = {
      client,
      keyPrefix: "mine",
      keySecret: "secret",
      ttlJitter: 0,
      defaults: { windowMs: 1, idleTtlMs: 1, valueTtlMs: 1 },
      provider: "other",
      codec: undefined,
      maxValueBytes: 10,
      commandTimeoutMs: 10,
      connectTimeoutMs: 10,
      coalesce: true,
      denyCacheMaxMs: 0,
      clock: Date,
    };
    expect(() => factory(options)).not.toThrow();
  });

  it.each([
    ["keyprefix", "keyPrefix"],
    ["comandTimeoutMs", "commandTimeoutMs"],
    ["conection", "connection"],
  ])("refuses the misspelt option %s", (misspelt, meant) => {
    const options = { client, [misspelt]: 5 };
    expect(() => factory(options)).toThrow(refused(`Unknown option "${misspelt}"; did you mean "${meant}"?`));
  });

  it("refuses text as the connection, and as the options", () => {
    // @ts-expect-error: no object.
    expect(() => factory({ connection: "redis://a.test" })).toThrow(
      refused("`connection` must be an object, e.g. { url }."),
    );
    // @ts-expect-error: no object.
    expect(() => factory("redis://a.test")).toThrow(refused("The options must be an object."));
  });

  it.each<[object, string]>([
    [{ ulr: "redis://a.test" }, 'Unknown option "ulr" in `connection`; did you mean "url"?'],
    [{ host: "a.test", pasword: "x" }, 'Unknown option "pasword" in `connection`; did you mean "password"?'],
    [
      { host: "a.test", tls: { serverName: "x" } },
      'Unknown option "serverName" in `connection.tls`; did you mean "servername"?',
    ],
    [
      { cluster: [{ host: "a.test", prot: 7000 }] },
      'Unknown option "prot" in `connection.cluster[0]`; did you mean "port"?',
    ],
    [
      { sentinel: { name: "m", nodes: [{ hots: "a.test" }] } },
      'Unknown option "hots" in `connection.sentinel.nodes[0]`; did you mean "host"?',
    ],
    [{ sentinel: { name: "m", node: [] } }, 'Unknown option "node" in `connection.sentinel`; did you mean "nodes"?'],
    [
      { url: "redis://a.test", host: "a.test" },
      "`connection` must have exactly one of `url`, `host`, `cluster` and `sentinel`.",
    ],
    [
      { url: "redis://a.test", port: 1 },
      "`connection.port` may not stand beside `url`; write it into the URL, or use `host`.",
    ],
    [
      { cluster: [{ host: "a.test" }], db: 1 },
      "`connection.db` may not stand beside `cluster`: a cluster has no databases.",
    ],
    [{ sentinel: "m" }, "`connection.sentinel` must be an object."],
    [{ cluster: ["a.test:6379"] }, "`connection.cluster[0]` must be an object."],
    [{ host: "a.test", tls: "true" }, "`connection.tls` must be an object."],
    [
      { cluster: [{ host: "a.test" }], port: 7000 },
      "`connection.port` stands beside `host` alone; write the port at each of the nodes.",
    ],
    ...["ca", "cert", "key"].map((name): [object, string] => [
      { host: "a.test", tls: { [name]: "/etc/ssl/some.pem" } },
      `\`connection.tls.${name}\` must be PEM text, not a path; read the file: readFileSync(path, "utf8").`,
    ]),
    [
      { host: "a.test", tls: { ca: ["-----BEGIN CERTIFICATE-----", "./ca.pem"] } },
      '`connection.tls.ca` must be PEM text, not a path; read the file: readFileSync(path, "utf8").',
    ],
  ])("refuses the connection %j", (connection, message) => {
    expect(() => Reflect.apply(factory, create, [{ connection }])).toThrow(refused(message));
  });
});

describe("a connection's type", () => {
  it("has one form alone", () => {
    const forms: RedisConnection[] = [
      { url: "redis://a.test" },
      { host: "a.test", db: 1 },
      { cluster: [{ host: "a.test" }] },
      { sentinel: { name: "m", nodes: [{ host: "a.test" }] }, db: 1 },
      // @ts-expect-error: two forms.
      { url: "redis://a.test", host: "a.test" },
      // @ts-expect-error: the login of a URL stands in it.
      { url: "redis://a.test", password: "x" },
      // @ts-expect-error: a cluster has no databases.
      { cluster: [{ host: "a.test" }], db: 1 },
      // @ts-expect-error: two forms.
      { host: "a.test", sentinel: { name: "m", nodes: [{ host: "a.test" }] } },
    ];
    expect(forms).toHaveLength(8);
  });
});
