// The gateway's instances: started, taken in turn, drained, rolled, scaled, killed, and brought back when they die.
import { setTimeout as sleep } from "node:timers/promises";
import type { Supervised } from "../process/supervisor.ts";

/** "down": it ended by itself, or was killed, and is about to be started again. */
export type InstanceState = "starting" | "ready" | "draining" | "down";

/** One instance, as others may see it. The name stays; the process behind it changes with every restart. */
export interface InstanceView {
  name: string;
  state: InstanceState;
  pid: number | undefined;
  url: string | undefined;
  inFlight: number;
  /** How often it was started again. */
  restarts: number;
}

/** An instance chosen for one request. Call `release` once the answer is out, or failed. */
export interface Turn {
  name: string;
  pid: number | undefined;
  url: string;
  release(): void;
}

export interface Instances {
  list(): InstanceView[];
  /** The next ready instance, each in turn; undefined where none is. */
  take(): Turn | undefined;
  /** Starts or drains as many as it takes. The last ones go first. */
  scaleTo(count: number): Promise<void>;
  /** Every instance once, one after the other: out of rotation, SIGTERM, started again. */
  roll(): Promise<void>;
  /** The same for one. Throws RangeError for a name that does not exist. */
  restart(name: string): Promise<void>;
  /** kill -9, now; it comes back by itself. Returns the process id, undefined where there was no process. */
  kill(name: string): number | undefined;
  /** SIGTERM to all; resolves when every process is gone. Idempotent. */
  stop(): Promise<void>;
  /** Resolves with the reason when an instance cannot be kept alive. */
  readonly failed: Promise<string>;
}

export interface InstancesOptions {
  /** Starts the process of one instance; resolves when it serves. */
  start(name: string): Promise<Supervised>;
  /** How long a draining instance may take for what it has in flight, in milliseconds. */
  drainMs: number;
  /** The pause before an instance that died is started again, in milliseconds. Default 1,000: long enough to be seen. */
  restartDelayMs?: number | undefined;
  /** Told after every change of state. */
  onChange?: ((instance: InstanceView) => void) | undefined;
}

/** An instance that dies so soon after its start, so often in a row, is given up. */
const shortLifeMs = 5_000;
const shortLives = 3;
const drainLookMs = 10;

interface Slot extends InstanceView {
  process: Supervised | undefined;
  /** Ends expected by us are no deaths. */
  leaving: boolean;
  diedYoung: number;
  /** The process that `kill` has killed: no sign of illness. */
  killed: Supervised | undefined;
  /** What is being done to it, so that two orders to one instance are carried out one after the other. */
  busy: Promise<void>;
}

/** Starts `count` instances, the first alone: what is wrong with it is wrong with all, and told once. */
export async function startInstances(count: number, options: InstancesOptions): Promise<Instances> {
  const slots: Slot[] = [];
  /** Taken out by `scaleTo`, but not gone yet. */
  const leaving = new Set<Slot>();
  let turn = 0;
  let stopped = false;
  const stopping = new AbortController();
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  let fail: (reason: string) => void = () => undefined;
  const failed = new Promise<string>((resolve) => {
    fail = resolve;
  });

  const change = (slot: Slot, state: InstanceState) => {
    slot.state = state;
    options.onChange?.(viewOf(slot));
  };

  const launch = async (slot: Slot): Promise<void> => {
    change(slot, "starting");
    const child = await options.start(slot.name);
    const startedAt = performance.now();
    Object.assign(slot, { process: child, pid: child.pid, url: child.url, leaving: false });
    void child.exited.then(() => died(slot, child, performance.now() - startedAt));
    if (stopped) return retire(slot);
    change(slot, "ready");
    // Told to stop from outside: out of rotation while it finishes what it has.
    void child.stopping.then(() => {
      if (slot.process === child && slot.state === "ready") change(slot, "draining");
    });
  };

  const died = async (slot: Slot, child: Supervised, livedMs: number): Promise<void> => {
    if (slot.process !== child) return;
    Object.assign(slot, { process: undefined, pid: undefined, url: undefined });
    if (slot.leaving || stopped) return;
    if (slot.killed !== child) slot.diedYoung = livedMs < shortLifeMs ? slot.diedYoung + 1 : 0;
    change(slot, "down");
    if (slot.diedYoung >= shortLives) return fail(`${slot.name} ended ${shortLives} times soon after its start`);
    await inTurn(slot, async () => {
      await pause(options.restartDelayMs ?? 1_000);
      if (!stopped && !slot.leaving && slot.process === undefined) await relaunch(slot);
    }).catch(() => undefined);
  };

  const relaunch = async (slot: Slot): Promise<void> => {
    slot.restarts += 1;
    try {
      await launch(slot);
    } catch (error) {
      change(slot, "down");
      fail(`${slot.name} could not be started again (${error instanceof Error ? error.message : "it failed"})`);
      throw error;
    }
  };

  /** Out of rotation first; then what is in flight; then SIGTERM, which finishes what the front does not know of. */
  const retire = async (slot: Slot): Promise<void> => {
    slot.leaving = true;
    change(slot, "draining");
    const until = performance.now() + options.drainMs;
    const waiting = () => slot.inFlight > 0 && slot.process !== undefined && !stopped && performance.now() < until;
    while (waiting()) await sleep(drainLookMs);
    await slot.process?.stop();
  };

  const again = async (slot: Slot): Promise<void> => {
    if (stopped || !slots.includes(slot)) return;
    await retire(slot);
    if (!stopped) await relaunch(slot);
  };

  const add = async (): Promise<void> => {
    const numbers = slots.map(({ name }) => Number(name.slice("gateway-".length)));
    const slot: Slot = {
      name: `gateway-${Math.max(0, ...numbers) + 1}`,
      state: "starting",
      pid: undefined,
      url: undefined,
      inFlight: 0,
      restarts: 0,
      process: undefined,
      leaving: false,
      diedYoung: 0,
      killed: undefined,
      busy: Promise.resolve(),
    };
    slots.push(slot);
    try {
      await inTurn(slot, () => launch(slot));
    } catch (error) {
      slots.splice(slots.indexOf(slot), 1);
      throw error;
    }
  };

  const remove = async (slot: Slot): Promise<void> => {
    slots.splice(slots.indexOf(slot), 1);
    leaving.add(slot);
    await inTurn(slot, () => retire(slot));
    leaving.delete(slot);
  };

  const named = (name: string): Slot => {
    const slot = slots.find((one) => one.name === name);
    if (slot === undefined) throw new RangeError(`There is no instance ${name}.`);
    return slot;
  };

  const instances: Instances = {
    failed,
    list: () => slots.map(viewOf),
    take() {
      for (let tried = 0; tried < slots.length; tried += 1) {
        turn += 1;
        const slot = slots[turn % slots.length];
        if (slot?.state !== "ready" || slot.url === undefined) continue;
        slot.inFlight += 1;
        let released = false;
        const release = () => {
          if (!released) slot.inFlight -= 1;
          released = true;
        };
        return { name: slot.name, pid: slot.pid, url: slot.url, release };
      }
      return undefined;
    },
    async scaleTo(wanted) {
      const more = Array.from({ length: Math.max(0, wanted - slots.length) }, () => add());
      const fewer = slots.slice(wanted).map((slot) => remove(slot));
      await Promise.all([...more, ...fewer]);
    },
    async roll() {
      for (const slot of [...slots]) await inTurn(slot, () => again(slot));
    },
    async restart(name) {
      const slot = named(name);
      await inTurn(slot, () => again(slot));
    },
    kill(name) {
      const slot = named(name);
      const { process: child } = slot;
      slot.killed = child;
      child?.kill("SIGKILL");
      return child?.pid;
    },
    async stop() {
      stopped = true;
      stopping.abort();
      const all = [...slots, ...leaving];
      await Promise.all(all.map((slot) => slot.process?.stop()));
      await Promise.all(all.map((slot) => slot.busy));
    },
  };
  try {
    await add();
    await instances.scaleTo(count);
    return instances;
  } catch (error) {
    await instances.stop();
    throw error;
  }
}

function viewOf({ name, state, pid, url, inFlight, restarts }: Slot): InstanceView {
  return { name, state, pid, url, inFlight, restarts };
}

/** Runs `order` after whatever is being done to the instance. */
function inTurn(slot: Slot, order: () => Promise<void>): Promise<void> {
  const done = slot.busy.then(order);
  slot.busy = done.catch(() => undefined);
  return done;
}
