// Faults of a cluster that changes: slots move under load, nodes are lost meanwhile, come and go, or do not connect.
import { setTimeout as sleep } from "node:timers/promises";
import { type ClusterNode, until } from "@tollbooth-stores/redis-testkit";
import { between, pick, type Random } from "../random.ts";
import { type ClusterWorld, isCluster, type World } from "../worlds/world.ts";
import { openFindings, told } from "./findings.ts";
import type { FaultUnderLoad, Outcome, Row, Stage, Struck } from "./row.ts";

function clusterOf(world: World): ClusterWorld {
  if (isCluster(world)) return world;
  throw new Error("This needs a cluster.");
}

/** A primary with many slots, and two others. */
async function threePrimaries(
  { cluster }: ClusterWorld,
  random: Random,
): Promise<[ClusterNode, ClusterNode, ClusterNode]> {
  const owners = await Promise.all(
    (await cluster.primaries()).map(async (node) => ({ node, slots: (await cluster.slotsOf(node)).length })),
  );
  const [from, ...others] = owners.filter(({ slots }) => slots > 0).sort((a, b) => b.slots - a.slots);
  const to = pick(random, others);
  const third = others.find((other) => other !== to);
  if (from === undefined || third === undefined) throw new Error("There are fewer than three primaries.");
  return [from.node, to.node, third.node];
}

async function redirected(node: ClusterNode): Promise<number> {
  const text = String(await node.command("INFO", "errorstats"));
  return Number(/errorstat_ASK:count=(\d+)/.exec(text)?.[1] ?? 0);
}

/** Moves half of the keys of many slots, and goes on only when a client was redirected by ASK. */
async function halfMove({ cluster }: ClusterWorld, from: ClusterNode, to: ClusterNode) {
  const slots = (await cluster.slotsOf(from)).slice(0, 1_500);
  const before = await redirected(from);
  const move = await cluster.beginMove(from, to, slots, (key) => key.length % 2 === 0);
  await until(async () => (await redirected(from)) > before);
  return { move, slots, asked: async () => (await redirected(from)) - before };
}

/** Kills a primary and waits for its replica; then the former one comes back as a replica. */
async function loseAndRegain({ cluster }: ClusterWorld, lost: ClusterNode): Promise<ClusterNode> {
  const [slot = 0] = await cluster.slotsOf(lost);
  await lost.kill("SIGKILL");
  let next = lost;
  await until(
    async () => {
      next = await cluster.primaryOf(slot);
      return next !== lost;
    },
    { withinMs: 20_000 },
  );
  await lost.restart();
  await cluster.settled();
  return next;
}

const row = (
  of: Pick<Row, "name" | "title" | "faults">,
  options: Partial<FaultUnderLoad>,
  strike: (world: ClusterWorld, stage: Stage) => Promise<Struck>,
): Row => ({
  ...of,
  on: ["cluster"],
  fault: { loss: "failover", ...options, strike: (stage) => strike(clusterOf(stage.world), stage) },
});

export const resharding: readonly Row[] = [
  row({ name: "slots-moved", title: "slots move under load", faults: [23] }, {}, async (world, { random }) => {
    const [from, to] = await threePrimaries(world, random);
    const { move, slots, asked } = await halfMove(world, from, to);
    await sleep(between(random, 200, 800));
    const count = await asked();
    await move.finish();
    return { proof: `${slots.length} slots moved, ${count} calls redirected by ASK`, backAtMs: Date.now() };
  }),
  row(
    {
      name: "slots-moved-target-lost",
      title: "slots move under load, and the node that gets them is killed",
      faults: [23],
    },
    { mayLose: true },
    async (world, { random }) => {
      const [from, to] = await threePrimaries(world, random);
      const { slots, asked } = await halfMove(world, from, to);
      // What has moved reaches the target's replica.
      await sleep(between(random, 400, 800));
      const count = await asked();
      const next = await loseAndRegain(world, to);
      // The former target remembers that it imports these slots, and as long as it does, it hears of no other owner of
      // them. Only a primary can end that.
      await world.cluster.failover(to);
      await (await world.cluster.beginMove(from, to, slots, () => false)).finish();
      return {
        proof: `${count} calls redirected by ASK, ${to.port} killed, ${next.port} promoted`,
        backAtMs: Date.now(),
      };
    },
  ),
  row(
    { name: "slots-moved-primary-lost", title: "slots move under load, and another primary is killed", faults: [23] },
    { mayLose: true },
    async (world, { random }) => {
      const [from, to, third] = await threePrimaries(world, random);
      const { move, asked } = await halfMove(world, from, to);
      const next = await loseAndRegain(world, third);
      const count = await asked();
      await move.finish();
      return {
        proof: `${count} calls redirected by ASK, ${third.port} killed, ${next.port} promoted`,
        backAtMs: Date.now(),
      };
    },
  ),
  row({ name: "node-added", title: "a node comes and gets slots", faults: [23] }, {}, async (world, { random }) => {
    const { cluster } = world;
    const [from] = await threePrimaries(world, random);
    const node = await cluster.addNode();
    await cluster.moveSlots(from, node, (await cluster.slotsOf(from)).slice(0, 2_000));
    const owned = (await cluster.slotsOf(node)).length;
    if (owned === 0) throw new Error("The node got no slots.");
    return { proof: `${node.port} owns ${owned} slots`, backAtMs: Date.now(), mend: () => cluster.removeNode(node) };
  }),
  row(
    { name: "node-removed", title: "a node gives its slots away and leaves", faults: [23] },
    {},
    async (world, { random }) => {
      const { cluster } = world;
      const [from] = await threePrimaries(world, random);
      const node = await cluster.addNode();
      await cluster.moveSlots(from, node, (await cluster.slotsOf(from)).slice(0, 2_000));
      const owned = (await cluster.slotsOf(node)).length;
      await sleep(500);
      await cluster.removeNode(node);
      if (cluster.nodes.includes(node)) throw new Error("The node is still there.");
      return { proof: `${node.port} gave ${owned} slots away and left`, backAtMs: Date.now() };
    },
  ),
  {
    name: "node-connecting",
    title: "first calls while one node of the cluster does not connect",
    ...{ faults: [28], on: ["cluster"], rounds: [5, 1] },
    play: playConnecting,
  },
];

const CALLS = 120;

/** Nothing is written to a node that is not connected, so no call is "unknown"; the other nodes answer. */
async function playConnecting({ world, name, random, rounds, instances }: Stage): Promise<Outcome> {
  const { cluster, connection } = clusterOf(world);
  const findings = openFindings();
  let [refused, tried] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    const { proxy } = pick(random, await cluster.primaries());
    if (proxy === undefined) throw new Error("There is no proxy.");
    const before = proxy.accepted();
    proxy.silence();
    for (const { client, jobs } of instances) {
      await jobs.open({ connection, keyPrefix: `${name}-${round}`, waits: false });
      const ended = await Promise.all(
        Array.from({ length: CALLS }, (_, index) => {
          const policy = { algorithm: "fixed-window", limit: 5, windowMs: 600_000 };
          return jobs.call("rateLimits", "consume", { route: client, client: `client ${index}`, policy });
        }),
      );
      const failed = ended.flatMap((one) => ("code" in one ? [one] : []));
      refused += failed.length;
      for (const one of failed)
        findings.same(one, { code: "STORE_UNAVAILABLE", outcome: "not-applied" }, `${client}: a first call`);
      findings.check(failed.length < CALLS, `${client}: no node answered: ${told(failed[0])}`);
    }
    tried += proxy.accepted() - before;
    proxy.freeze();
    proxy.speak();
  }
  findings.check(tried > 0 && refused > 0, "The fault did not land.");
  return {
    proof: `${tried} connections unanswered, ${refused} calls not sent`,
    unsafe: findings.unsafe,
    shown: [],
    rounds,
  };
}
