// What the factories of every Redis client share: misspelt options and wrong descriptions of a connection.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { operationChannel } from "@tollbooth-stores/core";
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
    ...[5, "", null, "a b", "x".repeat(201)].map((keyPrefix): [object, string] => [
      { keyPrefix },
      "keyPrefix must be 1 to 200 characters of A-Z a-z 0-9 _ . : / -",
    ]),
    ...["", 5, null, []].map((keySecret): [object, string] => [{ keySecret }, "keySecret must "]),
    ...[-0.1, 0.6, "0.1", null].map((ttlJitter): [object, string] => [{ ttlJitter }, "ttlJitter must be a number"]),
    ...[null, 5, "60s"].map((defaults): [object, string] => [{ defaults }, "`defaults` must be an object."]),
    [{ defaults: { windowMs: "60s" } }, "defaults.windowMs must be "],
    ...["", 5, null].map((name): [object, string] => [{ provider: name }, "provider must be text that is not empty."]),
    ...[null, "json", {}].map((codec): [object, string] => [{ codec }, "codec must have the functions encode"]),
    ...[0, 1.5, "10", null].map((maxValueBytes): [object, string] => [{ maxValueBytes }, "maxValueBytes must be "]),
    ...[0, 1.5, 2 ** 31, "500", null].flatMap((ms): [object, string][] => [
      [{ commandTimeoutMs: ms }, "commandTimeoutMs must be a whole number of milliseconds from 1 to 2147483647."],
      [{ connectTimeoutMs: ms }, "connectTimeoutMs must be a whole number of milliseconds from 1 to 2147483647."],
    ]),
    ...["true", 1, null].map((coalesce): [object, string] => [{ coalesce }, "coalesce must be true or false."]),
    ...[-1, 60_001, "0", null].map((denyCacheMaxMs): [object, string] => [{ denyCacheMaxMs }, "denyCacheMaxMs must "]),
    ...[null, 5, {}, { now: 5 }].map((clock): [object, string] => [{ clock }, "clock must have the function now."]),
  ])("refuses the option %j", (wrong, message) => {
    const says = expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining(message) });
    expect(() => Reflect.apply(factory, create, [{ client, ...wrong }])).toThrow(says);
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
    ...[5, null, {}, []].map((ca): [object, string] => [
      { host: "a.test", tls: { ca } },
      "`connection.tls.ca` must be PEM text, or a list of such that is not empty.",
    ]),
    ...["passphrase", "servername"].flatMap((name) =>
      ["", 5, null].map((value): [object, string] => [
        { host: "a.test", tls: { [name]: value } },
        `\`connection.tls.${name}\` must be text that is not empty; leave it out where there is none.`,
      ]),
    ),
    ...["false", 0, null].map((rejectUnauthorized): [object, string] => [
      { host: "a.test", tls: { rejectUnauthorized } },
      "`connection.tls.rejectUnauthorized` must be true or false.",
    ]),
    ...["", 5, null].flatMap((value): [object, string][] => [
      [
        { host: "a.test", password: value },
        "`connection.password` must be text that is not empty; leave it out where there is none.",
      ],
      [
        { cluster: [{ host: "a.test" }], username: value, password: "x" },
        "`connection.username` must be text that is not empty; leave it out where there is none.",
      ],
      [
        { sentinel: { name: "m", nodes: [{ host: "a.test" }], password: value } },
        "`connection.sentinel.password` must be text that is not empty; leave it out where there is none.",
      ],
    ]),
    [
      { sentinel: { name: "m", nodes: [{ host: "a.test" }], username: "u" } },
      "`connection.sentinel.password` is needed with `connection.sentinel.username`.",
    ],
    [
      { sentinel: { name: "m", nodes: [{ host: "a.test" }], tls: { servername: 5 } } },
      "`connection.sentinel.tls.servername` must be text that is not empty; leave it out where there is none.",
    ],
    [
      { host: "a.test", tls: { cert: "-----BEGIN CERTIFICATE-----" } },
      "`connection.tls.key` is needed with `connection.tls.cert`.",
    ],
    [
      { host: "a.test", tls: { key: "-----BEGIN PRIVATE KEY-----" } },
      "`connection.tls.cert` is needed with `connection.tls.key`.",
    ],
    [
      { url: "rediss://a.test", tls: true },
      "`connection.tls` beside `connection.url` must be an object; whether there is TLS, the URL says.",
    ],
    [
      { url: "redis://a.test", tls: null },
      "`connection.tls` beside `connection.url` must be an object; whether there is TLS, the URL says.",
    ],
    [{ url: "" }, "`connection.url` is empty; set the variable that it is read from, e.g. REDIS_URL."],
    [{ url: undefined }, "`connection.url` is undefined; set the variable that it is read from, e.g. REDIS_URL."],
    [{ host: undefined }, "`connection.host` is undefined; set the variable that it is read from."],
    ...[" redis://a.test", "redis://a.test\n", '"redis://a.test"', "'redis://a.test'", "\uFEFFredis://a.test"].map(
      (url): [object, string] => [
        { url },
        "`connection.url` has spaces, quotes or a byte order mark (BOM) around it; remove them where it is set.",
      ],
    ),
    [{}, "`connection` must have exactly one of `url`, `host`, `cluster` and `sentinel`."],
    [{ url: 5 }, "`connection.url` must be text."],
    [{ host: "" }, "`connection.host` must be a host name or an address alone."],
    [{ host: "a.test", port: "6379" }, "`connection.port` must be 1 to 65535."],
    [{ host: "a.test", db: "1" }, "`connection.db` must be a database's number, 0 or more."],
    [{ host: "a.test", db: null }, "`connection.db` must be a database's number, 0 or more."],
    [{ cluster: [] }, "`connection.cluster` must list at least one { host, port }."],
    [{ sentinel: { name: 5, nodes: [{ host: "a.test" }] } }, "`connection.sentinel.name` must name the primary."],
  ])("refuses the connection %j", (connection, message) => {
    expect(() => Reflect.apply(factory, create, [{ connection }])).toThrow(refused(message));
  });
});

it("keeps the port's name where the option provider is undefined", async () => {
  const stores = create.stores({ client, provider: undefined });
  const told: unknown[] = [];
  const hear = (message: unknown) => told.push(message);
  subscribe(operationChannel, hear);
  await stores.sessions.get("id").catch(() => undefined);
  unsubscribe(operationChannel, hear);
  expect(told).toMatchObject([{ provider: "fake" }]);
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
