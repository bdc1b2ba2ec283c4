// What is done to a lane while the traffic runs, each thing in a phase of its own: it ends before the next one begins.
import { setTimeout as sleep } from "node:timers/promises";
import type { Driven } from "./driven.ts";
import { killAt, killBusiest } from "./kills.ts";
import type { PlayOptions } from "./play.ts";
import type { DrillRequest } from "./trace.ts";

export interface Phase {
  name: string;
  /** Its part of the trace's time; all together are 1. */
  share: number;
  /** Begun when the phase's traffic is under way. */
  chaos?: ((lane: Driven, signal: AbortSignal) => Promise<void>) | undefined;
}

/** The chaos begins so long after the phase's traffic, in milliseconds. */
const headStartMs = 300;
/** So many settlements' replies are lost, and so many questions to the chain fail. */
const lostReplies = 6;
const lostLookups = 8;

/** More than the drill's own instances, and no fewer than six. */
const mostInstances = (instances: number) => Math.max(6, instances + 2);

/** `restartRedis`: undefined where the Redis is not ours to kill. */
export function chaosPhases(instances: number, restartRedis: (() => Promise<void>) | undefined): Phase[] {
  const most = mostInstances(instances);
  return [
    { name: "steady", share: 0.14 },
    { name: "rolling restart", share: 0.16, chaos: ({ fleet }) => fleet.instances.roll() },
    {
      name: `scale ${instances} -> ${most} -> ${instances}`,
      share: 0.16,
      async chaos({ fleet }) {
        await fleet.instances.scaleTo(most);
        await fleet.instances.scaleTo(instances);
      },
    },
    { name: "settlements' replies lost", share: 0.1, chaos: loseReplies },
    { name: "kill -9", share: 0.08, chaos: killBusiest },
    { name: "kill -9 at a settle call", share: 0.08, chaos: (lane, signal) => killAt("settle", lane, signal) },
    { name: "kill -9 at a transfer", share: 0.08, chaos: (lane, signal) => killAt("transfer", lane, signal) },
    { name: "kill -9 before an answer", share: 0.08, chaos: (lane, signal) => killAt("answer", lane, signal) },
    restartRedis === undefined
      ? { name: "Redis left alone", share: 0.12 }
      : { name: "Redis kill -9 and restart", share: 0.12, chaos: (lane) => lane.restartRedis(restartRedis) },
  ];
}

/** The same cuts through the traffic, and nothing done to anything. */
export function quietPhases(): Phase[] {
  return [{ name: "steady", share: 1 }];
}

/** The money moves, and the reply is lost. The chain does not answer at first either, so that the payments are in doubt for a while. */
async function loseReplies({ ledger }: Driven): Promise<void> {
  await ledger.fault({ on: "settle", fail: "after", times: lostReplies });
  await ledger.fault({ on: "lookup", fail: "before", times: lostLookups });
}

export interface PhaseDone {
  name: string;
  seconds: number;
}

/** Plays the whole trace, cut by the phases' shares of its time. Rejects where aborted, or where the chaos failed. */
export async function playPhases(
  lane: Driven,
  requests: readonly DrillRequest[],
  phases: readonly Phase[],
  { speed, signal = new AbortController().signal }: PlayOptions,
  onDone: (phase: PhaseDone) => void = () => undefined,
): Promise<void> {
  const endsAt = (requests.at(-1)?.at ?? 0) + 1;
  let from = 0;
  let share = 0;
  for (const [index, phase] of phases.entries()) {
    share += phase.share;
    const to = index === phases.length - 1 ? endsAt : endsAt * share;
    const part = requests.filter(({ at }) => at >= from && at < to);
    const begun = performance.now();
    lane.phase(phase.name);
    const chaos = async () => {
      if (phase.chaos === undefined) return;
      await sleep(headStartMs, undefined, { signal });
      await phase.chaos(lane, signal);
    };
    const ended = await Promise.allSettled([lane.play(part, { speed, signal, from }), chaos()]);
    signal.throwIfAborted();
    for (const result of ended) if (result.status === "rejected") throw result.reason;
    onDone({ name: phase.name, seconds: (performance.now() - begun) / 1_000 });
    from = to;
  }
  lane.phase("done");
}
