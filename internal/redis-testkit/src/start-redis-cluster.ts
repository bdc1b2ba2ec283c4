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

/**
 * Starts the nodes, gives each a third of the slots, and waits until all agree. Needs Redis 7 (`cluster-port`). `config`
 * holds any other lines of redis.conf.
 */
export async function startRedisCluster(config: readonly string[] = []): Promise<RunningCluster> {
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async () =>
      startRedis({
        config: ["cluster-enabled yes", `cluster-port ${await freePort()}`, "cluster-node-timeout 2000", ...config],
      }),
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

/** The slot of a key or a sharded channel. */
export async function slotOf({ nodes }: Pick<RunningCluster, "nodes">, key: string): Promise<number> {
  return Number(await nodes[0]?.command("CLUSTER", "KEYSLOT", key));
}

/** The node that owns a slot. */
export async function ownerOf({ nodes }: Pick<RunningCluster, "nodes">, slot: number): Promise<RunningRedis> {
  const ranges = await nodes[0]?.command("CLUSTER", "SLOTS");
  for (const range of Array.isArray(ranges) ? ranges : []) {
    const [from, to, primary] = Array.isArray(range) ? range : [];
    const port = Array.isArray(primary) ? primary[1] : undefined;
    const owner = nodes.find((node) => node.port === port);
    if (owner !== undefined && Number(from) <= slot && slot <= Number(to)) return owner;
  }
  throw new Error("Nobody owns this slot.");
}

/** Gives a slot that holds no keys to another node. Subscribers to its channels are told so by Redis. */
export async function moveSlot(cluster: Pick<RunningCluster, "nodes">, slot: number): Promise<void> {
  const from = await ownerOf(cluster, slot);
  const [to, ...others] = cluster.nodes.filter((node) => node !== from);
  if (to === undefined) throw new Error("There is no other node.");
  const id = String(await to.command("CLUSTER", "MYID"));
  // The new owner first, lest nobody should own it.
  for (const node of [to, from, ...others]) await node.command("CLUSTER", "SETSLOT", String(slot), "NODE", id);
}
