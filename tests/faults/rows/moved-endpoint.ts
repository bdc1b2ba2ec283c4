// An endpoint that moves: its name leads to the promoted server, while old connections stay on the demoted one.
import {
  caughtUp,
  isReplicaOf,
  promote,
  roleOf,
  startNetProxy,
  startRedis,
  startReplica,
  until,
} from "@tollbooth-stores/redis-testkit";
import { playUnderLoad } from "../run/under-load.ts";
import type { Outcome, Row, Stage } from "./row.ts";

export const movedEndpoint: readonly Row[] = [
  {
    name: "endpoint-moved",
    title: "the endpoint moves to the promoted server, old connections stay on the replica (READONLY)",
    ...{ faults: [26], on: ["single"] },
    play,
  },
];

async function play(stage: Stage): Promise<Outcome> {
  const first = await startRedis();
  const second = await startReplica(first);
  const proxy = await startNetProxy(first);
  try {
    const { host, port } = proxy;
    for (const { jobs } of stage.instances) await jobs.open({ connection: { host, port }, keyPrefix: stage.name });
    const outcome = await playUnderLoad(stage, {
      loss: "ended",
      async strike() {
        // As a managed failover does it: no write is taken while the roles change, so none can be lost.
        await first.command("CLIENT", "PAUSE", "5000", "WRITE");
        await caughtUp(first, [second]);
        await promote(second);
        proxy.retarget({ host: second.host, port: second.port });
        await first.command("REPLICAOF", second.host, String(second.port));
        await first.command("CLIENT", "UNPAUSE");
        const backAtMs = Date.now();
        await until(() => isReplicaOf(first, second));
        const role = (await roleOf(first))?.role;
        if (role !== "replica") throw new Error(`The old server is a ${role}.`);
        return { proof: `${first.port} is a replica of ${second.port}`, backAtMs };
      },
    });
    for (const { client, jobs } of stage.instances) {
      const given = (await jobs.turns()).some(
        ({ event, reason }) => event === "given-up" && reason === "read-only replica",
      );
      if (!given) outcome.unsafe.push(`${client}: the connection to the replica was not given up`);
    }
    return outcome;
  } finally {
    for (const { jobs } of stage.instances) await jobs.close();
    await proxy.close();
    await Promise.all([first.stop(), second.stop()]);
  }
}
