// A Redis connection as a document describes it: forms A and C of the document, a cluster, or sentinels.
import {
  parseRedisUrl,
  type RedisAccess,
  type RedisConnection,
  type RedisEndpoint,
  type RedisNode,
  type RedisTls,
  type RedisUrl,
  shownUrl,
} from "@tollbooth-stores/redis-protocol";
import {
  integer,
  readSettings,
  type Setting,
  type SettingTable,
  schemaProperties,
  settingNames,
  text,
} from "../settings.ts";
import type { BlockReader } from "../store-provider.ts";
import { endpoints, isHost, portRange } from "./redis-endpoints.ts";
import { tlsSetting } from "./tls-settings.ts";

/** The described connection, in whichever form. Never a URL: that is taken apart here. */
export type DescribedConnection = Exclude<RedisConnection, { url: string }>;

interface SentinelSettings {
  name: string;
  nodes: readonly RedisEndpoint[];
  username: string;
  password: string;
  tls: RedisTls | false;
}

interface ConnectionSettings {
  url: string;
  host: string;
  port: number;
  username: string;
  password: string;
  db: number;
  tls: RedisTls | false;
  cluster: readonly RedisEndpoint[];
  sentinel: Partial<SentinelSettings>;
}

const sentinelTable: SettingTable<SentinelSettings> = {
  name: text("What the sentinels call the primary, e.g. mymaster."),
  nodes: endpoints('The sentinels: "host:26379", or a list of such, or of blocks with host and port.', 26_379),
  username: text("The sentinels' own user, where they ask for one."),
  password: text("The sentinels' own password.", { secret: true }),
  tls: tlsSetting,
};

const sentinelSetting: Setting<Partial<SentinelSettings>> = {
  about: "Sentinels that know the primary; username, password, tls and db beside it are the primary's.",
  schema: {
    type: "object",
    additionalProperties: false,
    properties: schemaProperties(sentinelTable),
    required: ["name", "nodes"],
  },
  read(reader, key) {
    const block = reader.block(key);
    if (block === undefined) return undefined;
    for (const needed of ["name", "nodes"]) if (!block.has(needed)) block.problem(needed, "is needed");
    return readSettings(block, sentinelTable);
  },
};

/** The keys that describe a connection. They are taken together from one block, never joined from two. */
export const connectionTable: SettingTable<ConnectionSettings> = {
  url: text("redis://host:6379, or rediss://host:6379 with TLS; may hold user:password@ and end in /db.", {
    secret: shownUrl,
  }),
  host: text("A host name or address, instead of url."),
  port: integer("The port of host. Default 6379.", portRange),
  username: text("The ACL user. Default: the server's default user."),
  password: text("The user's password.", { secret: true }),
  db: integer("The database's number. Default 0.", { min: 0, max: 999_999 }),
  tls: tlsSetting,
  cluster: endpoints(
    'Nodes of a Redis Cluster: "host:6379", or a list of such, or of blocks with host and port.',
    6_379,
  ),
  sentinel: sentinelSetting,
};

const addressKeys = ["url", "host", "cluster", "sentinel"] as const;

/** Reads the connection from the first block that has any part of one. Undefined where the connection is wrong. */
export function readRedisConnection(options: BlockReader): DescribedConnection | undefined {
  const reader = options.together(settingNames(connectionTable));
  const given = readSettings(reader, connectionTable);
  const [first, second] = addressKeys.filter((key) => reader.has(key));
  if (first === undefined) {
    const partly = settingNames(connectionTable).find((key) => reader.has(key));
    if (partly === undefined) options.problem("url", "is needed, or host, cluster or sentinel");
    else
      reader.problem(
        partly,
        "says how to connect, but not where: url, host, cluster or sentinel must stand in the same block",
      );
    return undefined;
  }
  if (second !== undefined) {
    reader.problem(second, `stands beside ${first}; keep one of the two`);
    return undefined;
  }
  if (first !== "host" && reader.has("port")) reader.problem("port", `belongs to host; ${first} says it itself`);
  const { username, password, db } = given;
  const access = accessOf({ username, password, tls: given.tls });
  switch (first) {
    case "url":
      return given.url === undefined ? undefined : fromUrl(reader, given.url, given);
    case "host": {
      checkUser(reader, username, password);
      if (given.host === undefined || !isHost(reader, given.host)) return undefined;
      return {
        host: given.host,
        port: given.port ?? 6_379,
        ...(db !== undefined && { db }),
        ...access,
      };
    }
    case "cluster": {
      checkUser(reader, username, password);
      if (db !== undefined && db !== 0) reader.problem("db", "must be 0: a cluster has one database only");
      return given.cluster && { cluster: given.cluster, ...access };
    }
    case "sentinel": {
      checkUser(reader, username, password);
      const { name, nodes, ...own } = given.sentinel ?? {};
      if (name === undefined || nodes === undefined) return undefined;
      return { sentinel: { name, nodes, ...accessOf(own) }, ...(db !== undefined && { db }), ...access };
    }
  }
}

interface GivenAccess {
  username?: string | undefined;
  password?: string | undefined;
  tls?: RedisTls | false | undefined;
}

function accessOf({ username, password, tls }: GivenAccess): RedisAccess {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && tls !== false && { tls }),
  };
}

function checkUser(reader: BlockReader, username: string | undefined, password: string | undefined): void {
  if (username !== undefined && password === undefined && !reader.has("password")) {
    reader.problem("password", "is needed with username");
  }
}

/** A URL, completed by credentials, db and certificates beside it where the URL has none. */
function fromUrl(
  reader: BlockReader,
  written: string,
  given: Partial<ConnectionSettings>,
): DescribedConnection | undefined {
  const url = parseRedisUrl(written);
  if ("problem" in url) {
    reader.problem("url", url.problem);
    return undefined;
  }
  for (const key of ["username", "password", "db"] as const) {
    if (url[key] !== undefined && reader.has(key)) reader.problem(key, "stands in url, too; keep one of the two");
  }
  if (!url.tls && given.tls !== undefined && given.tls !== false) {
    reader.problem("tls", "contradicts url, which says redis://; TLS is rediss://");
  }
  if (url.tls && given.tls === false) reader.problem("tls", "contradicts url, which says rediss://");
  const username = url.username ?? given.username;
  const password = url.password ?? given.password;
  checkUser(reader, username, password);
  const db = url.db ?? given.db;
  const tls = given.tls === false ? undefined : (given.tls ?? (url.tls ? {} : undefined));
  return singleOf(url, db, accessOf({ username, password, tls }));
}

function singleOf({ host, port }: RedisUrl, db: number | undefined, access: RedisAccess): DescribedConnection {
  return { host, port, ...(db !== undefined && { db }), ...access };
}

/** Equal for connections to the same data, whichever user logs in. */
export function serverIdentity(connection: DescribedConnection): string {
  const address = ({ host, port }: RedisNode) => `${host.toLowerCase()}:${port ?? ""}`;
  const addresses = (nodes: readonly RedisNode[]) => nodes.map(address).sort().join();
  if (connection.cluster !== undefined) return `cluster ${addresses(connection.cluster)}`;
  const db = connection.db ?? 0;
  if (connection.host !== undefined) return `single ${address(connection)}/${db}`;
  return `sentinel ${connection.sentinel.name} ${addresses(connection.sentinel.nodes)}/${db}`;
}
