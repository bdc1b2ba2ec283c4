// Three primaries of a real Redis Cluster: enough for keys to live on different nodes.
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

export interface RunningCluster {
  readonly nodes: readonly RunningRedis[];
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const NODES = 3;

/** Starts the nodes, gives each a third of the slots, and waits until all agree. Needs Redis 7 (`cluster-port`). */
export async function startRedisCluster(): Promise<RunningCluster> {
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async () =>
      startRedis({ config: ["cluster-enabled yes", `cluster-port ${await freePort()}`, "cluster-node-timeout 2000"] }),
    ),
  );
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    const [first] = nodes;
    for (const [index, node] of nodes.entries()) {
      const [from, to] = [Math.ceil((index * SLOTS) / NODES), Math.ceil(((index + 1) * SLOTS) / NODES) - 1];
      await node.command("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
      const busPort = await node.command("CONFIG", "GET", "cluster-port");
      const bus = Array.isArray(busPort) ? String(busPort[1]) : "";
      if (node !== first) await first?.command("CLUSTER", "MEET", node.host, String(node.port), bus);
    }
    for (const node of nodes) {
      while (!(await agrees(node))) await delay(50);
    }
    return { nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function agrees(node: RunningRedis): Promise<boolean> {
  const info = String(await node.command("CLUSTER", "INFO"));
  return info.includes("cluster_state:ok") && info.includes(`cluster_size:${NODES}`);
}
