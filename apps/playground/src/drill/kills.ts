// The drill's kills: of the busiest process, or of one that has a payment in hand at a certain step of its settlement.
import { setTimeout as sleep } from "node:timers/promises";
import type { Instances } from "../fleet/instances.ts";
import type { Driven } from "./driven.ts";
import { nonceKey } from "./evidence.ts";
import type { LaneLogs } from "./lane-logs.ts";

/**
 * "settle": it was asked for, and the money moves when the process is dead. "transfer": the money has moved, and the
 * facilitator's reply is on its way. "answer": the reply is there, and the answer to the payer is not out, or just so.
 */
export type PaymentStep = "settle" | "transfer" | "answer";

const lookEveryMs = 5;
/** How long a killed instance may take to come back, and one to be found that can be killed, in milliseconds. */
const backWithinMs = 30_000;
const foundWithinMs = 3_000;
/** How long settling takes where the process is to die before the money moves, in milliseconds. */
const slowSettleMs = 400;
/** From the transfer to the answer's being recorded and sent, in milliseconds: a few, and each kill meets another moment. */
const answerAfterMs = 6;

/** Kills whichever instance has most in flight, and waits until it is back. */
export async function killBusiest(lane: Driven, signal: AbortSignal): Promise<void> {
  const { instances } = lane.fleet;
  const busiest = () => instances.list().reduce((most, one) => (one.inFlight > most.inFlight ? one : most));
  await until(() => busiest().inFlight > 0, foundWithinMs, signal).catch((error: unknown) => {
    // Without traffic an idle one must do.
    if (signal.aborted) throw error;
  });
  await killAndWait(lane, busiest().name, signal);
}

/** Kills the process behind the next payment that is at `step`; the busiest one where no payment comes. */
export async function killAt(step: PaymentStep, lane: Driven, signal: AbortSignal): Promise<void> {
  if (step === "settle") await lane.ledger.fault({ on: "settle", delayMs: slowSettleMs });
  try {
    const before = lane.logs.read();
    const [calls, transfers] = [before.calls.length, before.transfers.length];
    const isUp = (process: string) => nameOf(process, lane.fleet.instances) !== undefined;
    const found = (logs: LaneLogs) =>
      step === "settle"
        ? logs.calls.slice(calls).find(({ kind, instance }) => kind === "settle" && isUp(instance))?.instance
        : logs.transfers
            .slice(transfers)
            .map(({ from, nonce }) => settlerOf(logs, nonceKey(from, nonce)))
            .find((instance) => instance !== undefined && isUp(instance));
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(foundWithinMs)]);
    const process = await lane.watch.until(found, inTime).catch(() => undefined);
    signal.throwIfAborted();
    const name = process === undefined ? undefined : nameOf(process, lane.fleet.instances);
    if (name === undefined) return await killBusiest(lane, signal);
    if (step === "answer") await sleep(answerAfterMs);
    await killAndWait(lane, name, signal);
  } finally {
    await lane.ledger.reset();
  }
}

/** The process that asked for the payment's settlement last, "name/pid". */
function settlerOf({ calls }: LaneLogs, payment: string): string | undefined {
  return calls.findLast(({ kind, payer, nonce }) => kind === "settle" && nonceKey(payer, nonce) === payment)?.instance;
}

/** The instance whose process it still is. */
function nameOf(process: string, instances: Pick<Instances, "list">): string | undefined {
  return instances.list().find(({ name, pid }) => `${name}/${pid}` === process)?.name;
}

async function killAndWait(lane: Driven, name: string, signal: AbortSignal): Promise<void> {
  const { instances } = lane.fleet;
  const restarts = instances.list().find((one) => one.name === name)?.restarts ?? 0;
  lane.kill(name);
  const back = () =>
    instances.list().some((one) => one.name === name && one.restarts > restarts && one.state === "ready");
  await until(back, backWithinMs, signal);
}

async function until(done: () => boolean, withinMs: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + withinMs;
  while (!done()) {
    if (performance.now() > end) throw new Error("An instance that was killed did not come back in time.");
    await sleep(lookEveryMs, undefined, { signal });
  }
}
