// Faults in which another server becomes the primary: killed, stopped, told to, or paused.
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningRedis, until } from "@tollbooth-stores/redis-testkit";
import { between } from "../random.ts";
import { stopped } from "../run/instances.ts";
import { type ClusterWorld, isCluster, isSentinel, type SentinelWorld, type World } from "../worlds/world.ts";
import type { FaultUnderLoad, Row, Stage, Struck } from "./row.ts";

type Failing = SentinelWorld | ClusterWorld;

/** Waits until another server has taken the place of `former`, and answers when that was. */
async function promoted(world: Failing, former: RunningRedis, slot: number): Promise<string> {
  if (isSentinel(world)) {
    const next = await world.group.nextPrimary(former);
    return `${former.port} -> ${next.port}`;
  }
  const { cluster } = world;
  let next: RunningRedis = former;
  await until(
    async () => {
      next = await cluster.primaryOf(slot);
      return next !== former;
    },
    { withinMs: 20_000 },
  );
  await serves(cluster.nodes.filter((node) => node !== former));
  return `${former.port} -> ${next.port}`;
}

/** Waits until all of these nodes say that the cluster serves. */
async function serves(nodes: readonly RunningRedis[]): Promise<void> {
  for (const node of nodes) {
    await until(async () => String(await node.command("CLUSTER", "INFO")).includes("cluster_state:ok"));
  }
}

function failing(world: World): Failing {
  if (isSentinel(world) || isCluster(world)) return world;
  throw new Error(`Nothing fails over on ${world.topology}.`);
}

async function firstSlot(world: Failing, server: RunningRedis): Promise<number> {
  if (!isCluster(world)) return 0;
  const node = world.cluster.nodes.find(({ port }) => port === server.port);
  return (node && (await world.cluster.slotsOf(node))[0]) ?? 0;
}

/** Begins a failover to a replica that is well. */
async function failOver(world: Failing, primary: RunningRedis): Promise<void> {
  if (isSentinel(world)) {
    await world.sentinels[0]?.command("SENTINEL", "FAILOVER", world.group.name);
    return;
  }
  const node = world.cluster.nodes.find(({ port }) => port === primary.port);
  if (node === undefined) throw new Error("There is no such node.");
  await (await world.cluster.replicaOf(node)).command("CLUSTER", "FAILOVER");
}

const on = ["sentinel", "cluster"] as const;
const fault = (strike: (world: Failing, stage: Stage) => Promise<Struck>): FaultUnderLoad => ({
  ...{ loss: "failover", mayLose: true },
  strike: (stage) => strike(failing(stage.world), stage),
});

export const failovers: readonly Row[] = [
  {
    name: "primary-killed",
    title: "a primary is killed, a replica promoted",
    ...{ faults: [11, 23], on },
    fault: fault(async (world, { random }) => {
      const former = await world.somePrimary(random);
      const slot = await firstSlot(world, former);
      await former.kill("SIGKILL");
      const proof = await promoted(world, former, slot);
      return {
        proof: `killed, ${proof}`,
        backAtMs: Date.now(),
        mend: () => former.restart().then(() => world.settled()),
      };
    }),
  },
  {
    name: "primary-stopped",
    title: "a primary is stopped (SIGSTOP), a replica promoted",
    ...{ faults: [17, 25], on },
    fault: fault(async (world, { random }) => {
      const former = await world.somePrimary(random);
      const slot = await firstSlot(world, former);
      await former.kill("SIGSTOP");
      await stopped(former.pid);
      const proof = await promoted(world, former, slot);
      const mend = () => former.kill("SIGCONT").then(() => world.settled());
      return { proof: `stopped, ${proof}`, backAtMs: Date.now(), mend };
    }),
  },
  {
    name: "failover",
    title: "SENTINEL FAILOVER, CLUSTER FAILOVER",
    ...{ faults: [28], on },
    fault: fault(async (world, { random }) => {
      const former = await world.somePrimary(random);
      const slot = await firstSlot(world, former);
      await failOver(world, former);
      const proof = await promoted(world, former, slot);
      return { proof, backAtMs: Date.now(), mend: () => world.settled() };
    }),
  },
  {
    name: "failover-paused",
    title: "a failover during CLIENT PAUSE",
    ...{ faults: [28], on },
    fault: fault(async (world, { random }) => {
      const former = await world.somePrimary(random);
      const slot = await firstSlot(world, former);
      await former.command("CLIENT", "PAUSE", "4000", "WRITE");
      await sleep(between(random, 100, 800));
      await failOver(world, former);
      const proof = await promoted(world, former, slot);
      const backAtMs = Date.now();
      const mend = async () => {
        await former.command("CLIENT", "UNPAUSE");
        await world.settled();
      };
      return { proof: `paused, ${proof}`, backAtMs, mend };
    }),
  },
];
