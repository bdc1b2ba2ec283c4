// A whole run: servers of its own, every scene that was asked for, and what came of it.
import {
  type RedisEndpoint,
  type ReplicatedCluster,
  redisCommand,
  startRedis,
  startReplicatedCluster,
} from "@tollbooth-stores/redis-testkit";
import type { Arguments } from "./arguments.ts";
import type { Evidence } from "./check-goals.ts";
import { measureBytes } from "./measuring/bytes.ts";
import { type Disqualified, type Measured, type Pace, type RunningServer, runScene } from "./measuring/run-scene.ts";
import { type Saturation, saturate } from "./measuring/saturate.ts";
import { tracePayment } from "./measuring/trace-payment.ts";
import { type Scene, scenes } from "./scenes.ts";

export type Outcome = Evidence & {
  saturation?: Saturation | undefined;
  disqualified: Disqualified[];
  pace: Pace;
};

const PACES = {
  full: { rounds: 7, sliceMs: 400, warmUpMs: 600 },
  quick: { rounds: 3, sliceMs: 100, warmUpMs: 150 },
} as const;

/** node-redis takes least of the cores that the processes share with Redis. */
const BUSY = {
  workload: "consume-spread",
  contender: "tollbooth/node-redis",
  processes: 3,
  inFlightEach: 256,
} as const;

export function paceOf({ quick, rounds, sliceMs }: Arguments): Pace {
  const pace = quick ? PACES.quick : PACES.full;
  return { rounds: rounds ?? pace.rounds, sliceMs: sliceMs ?? pace.sliceMs, warmUpMs: pace.warmUpMs };
}

export async function run(asked: Arguments, progress: (line: string) => void): Promise<Outcome> {
  const pace = paceOf(asked);
  const wanted = scenes.filter(
    ({ section, quick }) => asked.sections.includes(section) && (!asked.quick || quick.length > 0),
  );
  const measured: Measured[] = [];
  const disqualified: Disqualified[] = [];
  const play = async (scene: Scene, server: RunningServer) => {
    progress(`${scene.section}: ${scene.workload}${scene.server === "cluster" ? " on a cluster" : ""}`);
    // Each scene begins on empty servers: tables that others filled would slow it.
    await Promise.all(server.primaries.map((primary) => redisCommand(primary, "FLUSHALL", "SYNC")));
    const outcome = await runScene(scene, server, pace, asked.quick);
    measured.push(...outcome.measured);
    disqualified.push(...outcome.disqualified);
  };
  const on = (kind: Scene["server"]) => wanted.filter(({ server }) => server === kind);

  for (const scene of on("none")) await play(scene, { server: { kind: "none" }, primaries: [] });
  const redis = await startRedis();
  const single: RunningServer = { server: { kind: "single", url: redis.url }, primaries: [redis] };
  let bytes: Evidence["bytes"];
  let payment: Evidence["payment"];
  let saturation: Saturation | undefined;
  try {
    // Before the scenes: the process has no garbage yet, and the server no memory that is in pieces.
    if (asked.sections.includes("bytes")) {
      progress("bytes: what an identity takes");
      bytes = await measureBytes(redis);
    }
    if (asked.sections.includes("payments")) payment = await tracePayment(redis);
    for (const scene of on("single")) {
      await play(scene, single);
    }
    if (asked.sections.includes("scaling") && !asked.quick) {
      progress("scaling: a server that several processes keep busy");
      saturation = await saturate({ ...BUSY, rounds: pace.rounds, sliceMs: pace.sliceMs }, single);
    }
  } finally {
    await redis.stop();
  }
  if (on("cluster").length > 0) {
    const cluster = await startReplicatedCluster({ primaries: 3, replicas: 0 });
    try {
      const server = await clusterServer(cluster);
      for (const scene of on("cluster")) await play(scene, server);
    } finally {
      await cluster.stop();
    }
  }
  return { measured, bytes, payment, saturation, disqualified, pace };
}

async function clusterServer(cluster: ReplicatedCluster): Promise<RunningServer> {
  const primaries: RedisEndpoint[] = await cluster.primaries();
  return { server: { kind: "cluster", nodes: cluster.seeds() }, primaries };
}
