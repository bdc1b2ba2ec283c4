// The clients that every contender on Redis shares the settings of.
import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import type { Server } from "../measuring/subject.ts";

const noRedis = () => new Error("This contender needs a Redis.");

/** The `connection` option of our stores. */
export function connectionOf(server: Server) {
  if (server.kind === "none") throw noRedis();
  return server.kind === "single" ? { url: server.url } : { cluster: server.nodes };
}

export function openIoredis(server: Server, options: { enableAutoPipelining?: boolean } = {}): Redis | Cluster {
  if (server.kind === "none") throw noRedis();
  return server.kind === "single" ? new Redis(server.url, options) : new Cluster([...server.nodes], options);
}

/** `timeout`: by default node-redis gives each command a timer of five seconds. */
export async function openNodeRedis(server: Server, { timeout = true } = {}) {
  if (server.kind !== "single") throw noRedis();
  const client = createClient({ url: server.url, ...(!timeout && { commandOptions: { timeout: 0 } }) });
  client.on("error", ignored);
  return client.connect();
}

export async function openNodeRedisCluster(server: Server) {
  if (server.kind !== "cluster") throw noRedis();
  const rootNodes = server.nodes.map(({ host, port }) => ({ url: `redis://${host}:${port}` }));
  const cluster = createCluster({ rootNodes });
  cluster.on("error", ignored);
  return cluster.connect();
}

/** A lost connection shows as calls that reject; the event alone must not end the process. */
function ignored(): void {}
