// One node of a Redis Cluster, not yet part of one: plain or TLS, with or without a proxy before it.
import { type Proxied, type Reachable, startBehindProxy } from "./behind-proxy.ts";
import type { Certificates } from "./certificates.ts";
import { isRedis7OrNewer } from "./find-server.ts";
import { freePort } from "./free-port.ts";
import type { Address } from "./net-proxy.ts";
import { followerLines } from "./replication.ts";
import { plainListening, type RedisOptions, type RunningRedis, startListening } from "./start-redis.ts";
import { tlsAccess } from "./start-tls-redis.ts";

export interface ClusterNode extends RunningRedis, Reachable {
  /** CLUSTER MYID. It stays the same over restarts. */
  readonly id: string;
  /** Where other nodes reach it, past any proxy. */
  readonly busPort: number;
}

export interface ClusterNodeOptions {
  nodeTimeoutMs: number;
  server: RedisOptions;
  proxied: Proxied;
  /** Given: clients, nodes and replicas speak TLS, and the one user is that of startTlsRedis. */
  certificates: Certificates | undefined;
}

export async function startClusterNode(options: ClusterNodeOptions): Promise<ClusterNode> {
  const { nodeTimeoutMs, server, proxied, certificates } = options;
  const { users, listening } =
    certificates === undefined
      ? { users: {}, listening: plainListening(server.requirepass) }
      : tlsAccess(certificates, server.requirepass === undefined ? {} : { password: server.requirepass });
  let busPort = 0;
  const node = await startBehindProxy(proxied, (announced, lines) => {
    const config = [
      "cluster-enabled yes",
      `cluster-node-timeout ${nodeTimeoutMs}`,
      // So a replica has data soon, even of an empty primary.
      "repl-ping-replica-period 1",
      ...followerLines(listening.endpoint(0)),
      ...(certificates === undefined ? [] : ["tls-cluster yes", "tls-replication yes"]),
      ...announcing(announced, certificates !== undefined),
      ...lines,
      ...(server.config ?? []),
    ];
    // With TLS there is no default user to have a password.
    const requirepass = certificates === undefined ? server.requirepass : undefined;
    return startListening(
      { ...server, requirepass, users: { ...users, ...server.users }, config },
      {
        endpoint: listening.endpoint,
        async listen(port, folder) {
          const lines = await listening.listen(port, folder);
          busPort = (await isRedis7OrNewer()) ? await freePort() : port + 10_000;
          return busPort === port + 10_000 ? lines : [...lines, `cluster-port ${busPort}`];
        },
      },
    );
  });
  try {
    return Object.assign(node, { id: String(await node.command("CLUSTER", "MYID")), busPort });
  } catch (error) {
    await node.stop();
    throw error;
  }
}

function announcing(announced: Address | undefined, isTls: boolean): string[] {
  if (announced === undefined) return [];
  const option = isTls ? "cluster-announce-tls-port" : "cluster-announce-port";
  return [`cluster-announce-ip ${announced.host}`, `${option} ${announced.port}`];
}
