// An endpoint that moves: its name leads to the promoted server, while old connections stay on the demoted one.
import {
  caughtUp,
  demote,
  promote,
  roleOf,
  startNetProxy,
  startRedis,
  startReplica,
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
      ...{ loss: "ended", mayLose: true },
      async strike() {
        await caughtUp(first, [second]);
        await promote(second);
        proxy.retarget({ host: second.host, port: second.port });
        const backAtMs = Date.now();
        await demote(first, second);
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
