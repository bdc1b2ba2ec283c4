// The `connection` option of every provider, checked and brought into one form.
import { StoreError } from "@tollbooth-stores/core";
import { type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { parseRedisUrl, REDIS_PORT } from "./redis-address.ts";
import { type RedisTls, type ResolvedTls, requireText, resolveTls } from "./resolve-tls.ts";

export interface RedisNode {
  host: string;
  /** Default 6379; for a sentinel 26379. */
  port?: number | undefined;
}

/** The login, and the security of the connection. */
export interface RedisAccess {
  /** The ACL user. Default: the server's default user. */
  username?: string | undefined;
  password?: string | undefined;
  /** `true`: TLS, with the system's authorities. */
  tls?: boolean | RedisTls | undefined;
}

/** By a URL. */
export interface RedisAtUrl {
  /** `redis://` or, with TLS, `rediss://`, then `user:password@host:port/db`. */
  url: string;
  tls?: RedisTls | undefined;
}

/** One server. */
export interface RedisAtHost extends RedisNode, RedisAccess {
  db?: number | undefined;
}

export interface RedisCluster extends RedisAccess {
  /** Some of its nodes. The others are discovered. */
  cluster: readonly RedisNode[];
}

/** The primary that the sentinels name. */
export interface RedisBySentinel extends RedisAccess {
  sentinel: RedisAccess & {
    /** The sentinels' name of the primary, e.g. "mymaster". */
    name: string;
    nodes: readonly RedisNode[];
  };
  db?: number | undefined;
}

type AnyForm = RedisAtUrl | RedisAtHost | RedisCluster | RedisBySentinel;
/** A form without the keys of the others, so that two forms in one object do not type-check. */
type Alone<Form> = Form & { [Key in Exclude<keyof OptionNames<AnyForm>, keyof Form>]?: undefined };

/** Where a Redis is: one server, a cluster, or the primary that the sentinels name. One form alone. */
export type RedisConnection = Alone<RedisAtUrl> | Alone<RedisAtHost> | Alone<RedisCluster> | Alone<RedisBySentinel>;

/** A connection in the form that a client gets. */
export type ResolvedConnection = ResolvedAccess &
  (
    | { kind: "single"; node: ResolvedNode; db: number }
    | { kind: "cluster"; nodes: readonly ResolvedNode[] }
    | {
        kind: "sentinel";
        name: string;
        sentinels: readonly ResolvedNode[];
        sentinelAccess: ResolvedAccess;
        db: number;
      }
  );

export interface ResolvedNode {
  host: string;
  port: number;
}

export interface ResolvedAccess {
  username?: string;
  password?: string;
  tls?: ResolvedTls;
}

const SENTINEL_PORT = 26_379;

const nodeNames: OptionNames<RedisNode> = { host: true, port: true };
const accessNames: OptionNames<RedisAccess> = { username: true, password: true, tls: true };
const sentinelNames: OptionNames<RedisBySentinel["sentinel"]> = { ...accessNames, name: true, nodes: true };
const connectionNames: OptionNames<AnyForm> = {
  ...nodeNames,
  ...accessNames,
  url: true,
  cluster: true,
  sentinel: true,
  db: true,
};

const UNSET = "set the variable that it is read from";

function wrong(message: string): StoreError {
  return new StoreError("STORE_CONFIG", message);
}

/** Throws STORE_CONFIG, which names the option and holds none of its value. */
export function resolveConnection(connection: RedisConnection): ResolvedConnection {
  if (typeof connection !== "object" || connection === null) {
    throw wrong("`connection` must be an object, e.g. { url }.");
  }
  requireKnownOptions(connection, connectionNames, "connection");
  const { url, host, cluster, sentinel, db } = connection;
  const forms = [url, host, cluster, sentinel].filter((form) => form !== undefined).length;
  if (forms === 0) {
    if (Object.hasOwn(connection, "url")) throw wrong(`\`connection.url\` is undefined; ${UNSET}, e.g. REDIS_URL.`);
    if (Object.hasOwn(connection, "host")) throw wrong(`\`connection.host\` is undefined; ${UNSET}.`);
  }
  if (forms !== 1) throw wrong("`connection` must have exactly one of `url`, `host`, `cluster` and `sentinel`.");
  if (url !== undefined) {
    const beside = (["username", "password", "db", "port"] as const).find((key) => connection[key] !== undefined);
    if (beside !== undefined) {
      throw wrong(`\`connection.${beside}\` may not stand beside \`url\`; write it into the URL, or use \`host\`.`);
    }
    return resolveUrl(url, connection.tls);
  }
  if (host !== undefined) {
    const node = resolveNode({ host, port: connection.port }, "connection", REDIS_PORT);
    return { kind: "single", node, db: resolveDb(db), ...resolveAccess(connection) };
  }
  if (connection.port !== undefined) {
    throw wrong("`connection.port` stands beside `host` alone; write the port at each of the nodes.");
  }
  if (cluster !== undefined) {
    if (db !== undefined) throw wrong("`connection.db` may not stand beside `cluster`: a cluster has no databases.");
    const nodes = resolveNodes(cluster, "connection.cluster", REDIS_PORT);
    return { kind: "cluster", nodes, ...resolveAccess(connection) };
  }
  requireKnownOptions(sentinel, sentinelNames, "connection.sentinel");
  const { name, nodes, ...sentinelAccess } = sentinel;
  if (typeof name !== "string" || name === "") throw wrong("`connection.sentinel.name` must name the primary.");
  return {
    kind: "sentinel",
    name,
    sentinels: resolveNodes(nodes, "connection.sentinel.nodes", SENTINEL_PORT),
    sentinelAccess: resolveAccess(sentinelAccess, "connection.sentinel"),
    db: resolveDb(db),
    ...resolveAccess(connection),
  };
}

/** What a variable, its file or a shell leaves of a URL. */
function oddityOf(text: unknown): string | undefined {
  if (text === "") return `is empty; ${UNSET}, e.g. REDIS_URL`;
  const isWrapped = typeof text === "string" && /^[\s"'\uFEFF]|[\s"']$/.test(text);
  return isWrapped ? "has spaces, quotes or a byte order mark (BOM) around it; remove them where it is set" : undefined;
}

function resolveUrl(text: string, tls: unknown): ResolvedConnection {
  const url = typeof text === "string" ? parseRedisUrl(text) : { problem: "must be text" };
  if ("problem" in url) throw wrong(`\`connection.url\` ${oddityOf(text) ?? url.problem}.`);
  if (tls !== undefined && (typeof tls !== "object" || tls === null)) {
    throw wrong("`connection.tls` beside `connection.url` must be an object; whether there is TLS, the URL says.");
  }
  if (tls !== undefined && !url.tls) throw wrong("`connection.tls` contradicts `connection.url`; TLS is rediss://.");
  const { host, port, username, password, db = 0 } = url;
  const access = resolveAccess({ username, password, tls: url.tls ? (tls ?? true) : undefined });
  return { kind: "single", node: { host, port }, db, ...access };
}

function resolveNodes(nodes: readonly RedisNode[], name: string, defaultPort: number): ResolvedNode[] {
  if (!Array.isArray(nodes) || nodes.length === 0) throw wrong(`\`${name}\` must list at least one { host, port }.`);
  return nodes.map((node: RedisNode, index) => {
    requireKnownOptions(node, nodeNames, `${name}[${index}]`);
    return resolveNode(node, `${name}[${index}]`, defaultPort);
  });
}

function resolveNode({ host, port }: RedisNode, name: string, defaultPort: number): ResolvedNode {
  if (typeof host !== "string" || host === "" || /[\s/@]/.test(host)) {
    throw wrong(`\`${name}.host\` must be a host name or an address alone.`);
  }
  if (port === undefined) return { host, port: defaultPort };
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw wrong(`\`${name}.port\` must be 1 to 65535.`);
  return { host, port };
}

function resolveDb(db = 0): number {
  if (!Number.isInteger(db) || db < 0) throw wrong("`connection.db` must be a database's number, 0 or more.");
  return db;
}

/** `name`: the option that it stands in, e.g. "connection". */
function resolveAccess({ username, password, tls }: RedisAccess, name = "connection"): ResolvedAccess {
  if (username !== undefined && password === undefined) {
    throw wrong(`\`${name}.password\` is needed with \`${name}.username\`.`);
  }
  return {
    ...(username === undefined ? {} : { username: requireText(username, `${name}.username`) }),
    ...(password === undefined ? {} : { password: requireText(password, `${name}.password`) }),
    ...(tls === undefined || tls === false ? {} : { tls: resolveTls(tls === true ? {} : tls, `${name}.tls`) }),
  };
}
