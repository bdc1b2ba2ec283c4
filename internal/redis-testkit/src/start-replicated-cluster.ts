// A real Redis Cluster of primaries and replicas: it fails over, its slots move, and its nodes come and go.
import { makeCertificates } from "./certificates.ts";
import { doubtsOf, includesSlot, type SeenNode, SLOTS, slotsIn, viewOf } from "./cluster-view.ts";
import { beginMove, finishMove } from "./move-slots.ts";
import type {
  ClusterSettledOptions,
  HalfMoved,
  ReplicatedCluster,
  ReplicatedClusterOptions,
} from "./replicated-cluster.ts";
import { roleOf } from "./replication.ts";
import { type ClusterNode, startClusterNode } from "./start-cluster-node.ts";
import { answerOf, until } from "./until.ts";

const SETTLE_MS = 30_000;

/** Starts the nodes and waits until the cluster is settled: some 3 seconds. */
export async function startReplicatedCluster(options: ReplicatedClusterOptions = {}): Promise<ReplicatedCluster> {
  const { primaries = 3, replicas = 3, nodeTimeoutMs = 1_500, server = {}, tls = false, proxied = false } = options;
  const certificates = tls ? await makeCertificates() : undefined;
  const members: ClusterNode[] = [];
  const startNode = async () => {
    const node = await startClusterNode({ nodeTimeoutMs, server, proxied, certificates });
    members.push(node);
    return node;
  };
  const cluster = running(members, startNode);
  try {
    const started = await Promise.allSettled(Array.from({ length: primaries + replicas }, startNode));
    for (const outcome of started) if (outcome.status === "rejected") throw outcome.reason;
    await found(members, primaries);
    await cluster.settled();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Gives the first nodes their slots, lets all meet, and makes the rest replicas. */
async function found(members: readonly ClusterNode[], primaries: number): Promise<void> {
  const firstSlot = (index: number) => Math.ceil((index * SLOTS) / primaries);
  for (const [index, node] of members.entries()) {
    // Different from the start, lest nodes with the same epoch sort it out later.
    await node.command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
    if (index >= primaries) continue;
    await node.command("CLUSTER", "ADDSLOTS", ...slotsIn([[firstSlot(index), firstSlot(index + 1) - 1]]).map(String));
  }
  // Each with each: to learn of others by gossip takes seconds.
  for (const [index, node] of members.entries()) {
    for (const other of members.slice(index + 1)) await meet(node, other);
  }
  await until(async () => {
    const views = await Promise.all(members.map(viewOf));
    return views.every((view) => members.every(({ id }) => view?.some((seen) => seen.id === id && isMet(seen))));
  });
  for (const [index, node] of members.slice(primaries).entries()) {
    await node.command("CLUSTER", "REPLICATE", members[index % primaries]?.id ?? "");
  }
}

async function meet(node: ClusterNode, { address, busPort }: ClusterNode): Promise<void> {
  await node.command("CLUSTER", "MEET", address.host, String(address.port), String(busPort));
}

function isMet({ flags }: SeenNode): boolean {
  return !flags.includes("handshake");
}

function running(members: ClusterNode[], startNode: () => Promise<ClusterNode>): ReplicatedCluster {
  /** A node as it sees itself; undefined where it does not answer. */
  const selfOf = async (node: ClusterNode) => (await viewOf(node))?.find(({ flags }) => flags.includes("myself"));
  const selves = async () => {
    const found = await Promise.all(members.map(async (node) => ({ node, self: await selfOf(node) })));
    return found.flatMap(({ node, self }) => (self === undefined ? [] : [{ node, self }]));
  };
  /** The first node that `choose` finds among those that answer. */
  const waitFor = async (choose: (found: Awaited<ReturnType<typeof selves>>) => ClusterNode | undefined) => {
    let node: ClusterNode | undefined;
    await until(
      async () => {
        node = choose(await selves());
        return node !== undefined;
      },
      { withinMs: SETTLE_MS },
    );
    if (node === undefined) throw new Error("There is no such node.");
    return node;
  };
  const primaries = async () =>
    (await selves()).filter(({ self }) => self.primaryId === undefined).map(({ node }) => node);
  const slotsOf = async (node: ClusterNode) => slotsIn((await selfOf(node))?.slots ?? []);

  const settled = async ({ except = [], withinMs = SETTLE_MS }: ClusterSettledOptions = {}) => {
    let doubts = "";
    await until(
      async () => {
        doubts = await doubtsAmong(members.filter((node) => !except.includes(node)));
        return doubts === "";
      },
      { withinMs, detail: () => doubts },
    );
  };
  const begin = async (
    from: ClusterNode,
    to: ClusterNode,
    slots: readonly number[],
    moves: (key: string) => boolean,
  ): Promise<HalfMoved> => {
    const move = { from, to, slots };
    await beginMove(move, moves);
    return {
      async finish() {
        const others = (await primaries()).filter((node) => node !== from && node !== to);
        await finishMove(move, others);
        await settled();
      },
    };
  };
  const moveSlots = async (from: ClusterNode, to: ClusterNode, slots: readonly number[]) => {
    await (await begin(from, to, slots, () => false)).finish();
  };

  return {
    nodes: members,
    seeds: () => members.map(({ address }) => address),
    slotOf: async (key) => Number(await members[0]?.command("CLUSTER", "KEYSLOT", key)),
    primaries,
    primaryOf: (slot) =>
      waitFor((found) => {
        const owners = found.filter(({ self }) => self.primaryId === undefined && includesSlot(self.slots, slot));
        return owners.sort((a, b) => b.self.epoch - a.self.epoch)[0]?.node;
      }),
    replicaOf: (primary) => waitFor((found) => found.find(({ self }) => self.primaryId === primary.id)?.node),
    slotsOf,
    async failover(replica, { how = "agreed", except } = {}) {
      await replica.command("CLUSTER", "FAILOVER", ...(how === "agreed" ? [] : [how]));
      await until(async () => (await selfOf(replica))?.primaryId === undefined);
      await settled({ except });
    },
    moveSlots,
    beginMove: begin,
    async addNode({ replicaOf } = {}) {
      const [member] = await primaries();
      const node = await startNode();
      if (member !== undefined) await meet(member, node);
      await settled();
      if (replicaOf !== undefined) {
        await node.command("CLUSTER", "REPLICATE", replicaOf.id);
        await settled();
      }
      return node;
    },
    async removeNode(node) {
      const slots = await slotsOf(node);
      const [to] = (await primaries()).filter((other) => other !== node);
      if (to === undefined) throw new Error("There is no other primary.");
      if (slots.length > 0) await moveSlots(node, to, slots);
      // Redis makes its replicas those of the new owner. A node refuses to forget its own primary.
      await until(async () => (await selves()).every(({ self }) => self.primaryId !== node.id));
      const others = members.filter((other) => other !== node);
      await Promise.all(others.map((other) => other.command("CLUSTER", "FORGET", node.id)));
      members.splice(members.indexOf(node), 1);
      await node.stop();
      await settled();
    },
    settled,
    async stop() {
      await Promise.all(members.map((node) => node.stop()));
    },
  };
}

/** Why the cluster has not settled yet; "" once it has. */
async function doubtsAmong(live: readonly ClusterNode[]): Promise<string> {
  const views = await Promise.all(live.map(viewOf));
  const ids = live.map(({ id }) => id);
  const doubts = doubtsOf(views, ids);
  if (doubts !== "") return doubts;
  const infos = await Promise.all(live.map((node) => answerOf(node, "CLUSTER", "INFO")));
  if (!infos.every((info) => String(info).includes("cluster_state:ok"))) return "A node does not serve.";
  const roles = await Promise.all(live.map(roleOf));
  const inSync = roles.every((role) => role?.role === "primary" || role?.connected === true);
  if (!inSync) return "A replica is not in sync.";
  const streams = roles.reduce((sum, role) => sum + (role?.role === "primary" ? role.streamsTo : 0), 0);
  if (streams < roles.filter((role) => role?.role === "replica").length)
    return "A replica does not receive each write.";
  // Redis tells clients of a replica once it has heard that it has data.
  const maps = await Promise.all(live.map(async (node) => JSON.stringify(await answerOf(node, "CLUSTER", "SLOTS"))));
  const owners = views[0]?.filter(({ slots }) => slots.length > 0).map(({ id }) => id) ?? [];
  const replicas = views[0]?.filter(({ primaryId = "" }) => owners.includes(primaryId)) ?? [];
  const areTold = maps.every((map) => replicas.every(({ id }) => !ids.includes(id) || map?.includes(id)));
  return areTold ? "" : "Clients are not told of a replica.";
}
