// RedisPort over connections of our own, which a client library opens one by one.
import type { ConnectionSecurity, RedisPort } from "../redis-port.ts";
import { clusterRoute } from "./cluster-route.ts";
import type { ResolvedAccess, ResolvedConnection } from "./connection.ts";
import { addressOf } from "./establish.ts";
import type { Route, RouteOptions } from "./route.ts";
import { serverRoute } from "./server-route.ts";
import { visiting } from "./visiting.ts";

/** How long closing waits for the answers on their way, in milliseconds. */
const CLOSE_GRACE_MS = 500;

/** Starts connecting. */
export function ownPort(connection: ResolvedConnection, options: RouteOptions): RedisPort {
  const route = routeTo(connection, options);
  const visits = visiting(accessOf(connection), options);
  const sentinelVisits = connection.kind === "sentinel" ? visiting(connection.sentinelAccess, options) : undefined;
  let closing: Promise<void> | undefined;
  return {
    name: options.provider,
    cluster: connection.kind === "cluster",
    ready: (signal, keys = []) => route.ready(signal, keys),
    isReady: (keys = []) => route.isReady(keys),
    connectionError: (keys = []) => route.error(keys),
    evalSha: (sha1, keys, args, signal) =>
      route.send(keys, ["EVALSHA", sha1, String(keys.length), ...keys, ...args], signal),
    eval: (source, keys, args, signal) =>
      route.send(keys, ["EVAL", source, String(keys.length), ...keys, ...args], signal),
    scan: route.scan,
    tags: route.tags,
    servers: route.servers,
    visit: visits.visit,
    sentinels() {
      if (connection.kind !== "sentinel" || sentinelVisits === undefined) return undefined;
      return { name: connection.name, nodes: connection.sentinels, visit: sentinelVisits.visit };
    },
    // A connection of our own queues nothing, and sends nothing twice.
    advice: () => [],
    addresses: () => addressesOf(connection),
    security: () => securityOf(connection),
    close() {
      visits.close();
      sentinelVisits?.close();
      closing ??= route.close(CLOSE_GRACE_MS).catch(() => undefined);
      return closing;
    },
  };
}

function addressesOf(connection: ResolvedConnection): string[] {
  switch (connection.kind) {
    case "single":
      return [addressOf(connection.node)];
    case "sentinel":
      return connection.sentinels.map(addressOf);
    case "cluster":
      return connection.nodes.map(addressOf);
  }
}

function securityOf({ tls, password }: ResolvedConnection): ConnectionSecurity {
  return {
    tls: tls === undefined ? false : tls.rejectUnauthorized === false ? "unverified" : true,
    password: password !== undefined,
  };
}

function accessOf({ username, password, tls }: ResolvedConnection): ResolvedAccess {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function routeTo(connection: ResolvedConnection, options: RouteOptions): Route {
  const access = accessOf(connection);
  switch (connection.kind) {
    case "single":
      return serverRoute({ ...options, access, db: connection.db, at: connection.node });
    case "sentinel": {
      const { name, sentinels, sentinelAccess } = connection;
      return serverRoute({ ...options, access, db: connection.db, at: { name, sentinels, access: sentinelAccess } });
    }
    case "cluster":
      return clusterRoute({ seeds: connection.nodes, access }, options);
  }
}
