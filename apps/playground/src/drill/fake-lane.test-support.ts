// A lane that does nothing but write down what happens to it.
import type { Instances, InstanceView } from "../fleet/instances.ts";
import type { Driven } from "./driven.ts";
import type { LaneLogs } from "./lane-logs.ts";
import { logWatch } from "./log-watch.ts";
import type { DrillRequest } from "./trace.ts";

export const view = (name: string, more: Partial<InstanceView>): InstanceView => ({
  ...{ name, state: "ready", pid: 1, url: "http://x", inFlight: 0, restarts: 0 },
  ...more,
});

/** `views` are its instances: one that is killed is back a moment later. `logs` may grow. */
export function fakeLane(
  log: string[],
  views: InstanceView[] = [],
  play?: Driven["play"],
  logs: LaneLogs = { runs: [], calls: [], transfers: [] },
): Driven {
  const done = async (what: string) => void log.push(what);
  const instances: Instances = {
    failed: new Promise(() => undefined),
    list: () => views,
    take: () => undefined,
    scaleTo: (count) => done(`scale to ${count}`),
    roll: () => done("roll"),
    restart: (name) => done(`restart ${name}`),
    kill: () => undefined,
    stop: () => done("stop"),
  };
  return {
    fleet: { instances },
    logs: { read: () => logs },
    watch: logWatch(() => logs),
    ledger: {
      fault: (fault) => done(`fault ${JSON.stringify(fault)}`),
      reset: () => done("faults over"),
    },
    phase: (name) => void log.push(`phase ${name}`),
    play:
      play ??
      (async (part: readonly DrillRequest[], options) => {
        log.push(`${options?.from}: ${part.map(({ at }) => at).join(" ")}`);
      }),
    restartRedis: (restart) => restart(),
    kill(name) {
      log.push(`kill ${name}`);
      const index = views.findIndex((one) => one.name === name);
      setTimeout(() => {
        log.push(`${name} is back`);
        views.splice(index, 1, view(name, { restarts: 1 }));
      }, 30);
      return 1;
    },
  };
}
