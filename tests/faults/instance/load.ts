// In an instance's process: a steady load of all kinds of calls, with what it finds wrong.
import { setTimeout as sleep } from "node:timers/promises";
import type { Stores } from "@tollbooth-stores/core";
import type { Client, Load, LoadReport, RunJobs } from "../contract.ts";
import { randomNumbers } from "../random.ts";
import type { Remote } from "../wire.ts";
import { openFacts } from "./facts.ts";
import type { Lane } from "./lane.ts";
import { claims } from "./lane-claims.ts";
import { limits } from "./lane-limits.ts";
import { markers } from "./lane-markers.ts";
import { payments } from "./lane-payments.ts";
import { sessions } from "./lane-sessions.ts";
import { startProbes } from "./probes.ts";
import { openTally } from "./tally.ts";

export interface RunningLoad {
  recoveredAt(sinceMs: number): number | undefined;
  counts(): { answered: number; refused: number };
  stop(): Promise<LoadReport>;
}

const LANES: Readonly<Record<string, Lane>> = { markers, claims, limits, sessions, payments };
/** Of each kind. */
const LANES_EACH = 2;
const PAUSE_MS = 15;
const LOOK_EVERY_MS = 40;

export function startLoad(stores: Stores, client: Client, run: Remote<RunJobs>, { name }: Load): RunningLoad {
  const tally = openTally();
  const facts = openFacts(tally, randomNumbers(1));
  let over = false;
  const stopping = () => over;
  const lanes = Object.entries(LANES).flatMap(([kind, lane]) =>
    Array.from({ length: LANES_EACH }, (_, index) =>
      lane({
        ...{ stores, tally, facts, run, stopping },
        name: `${name} ${client} ${kind} ${index}`,
        shared: `${name} ${kind} ${index}`,
        pause: () => sleep(PAUSE_MS),
      }),
    ),
  );
  const looking = async () => {
    while (!over) {
      await sleep(LOOK_EVERY_MS);
      await facts.lookAtOne();
    }
  };
  const probes = startProbes(stores, tally, `${name} ${client}`);
  const running = Promise.all([...lanes, looking()]);
  return {
    recoveredAt: probes.recoveredAt,
    counts: tally.counts,
    async stop() {
      over = true;
      await Promise.all([running, probes.stop()]);
      await facts.audit();
      tally.close();
      return tally.report();
    },
  };
}
