// The order in which instances are started, drained and brought back, with processes that a test plays.
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Supervised } from "../process/supervisor.ts";
import { type InstanceState, type Instances, type InstancesOptions, startInstances } from "./instances.ts";

interface Played {
  instances: Instances;
  /** What was done to processes, in order, e.g. "start gateway-1", "SIGTERM 101". */
  readonly done: string[];
  /** Every change of state, in order, e.g. "gateway-1 ready". */
  readonly states: string[];
  /** The process with this id ends by itself. */
  end(pid: number): void;
  /** The process with this id says that it was told to stop. */
  sayStopping(pid: number): void;
  /** From now on: every process ends as soon as it serves, or none can be started. */
  ill(how: "dies" | "does not start" | undefined): void;
}

/** Processes get the ids 101, 102 and so on; they serve at once and end when told to. */
async function played(count: number, options: Partial<InstancesOptions> = {}): Promise<Played> {
  const ends = new Map<number, () => void>();
  const sayings = new Map<number, () => void>();
  const done: string[] = [];
  const states: string[] = [];
  let illness: "dies" | "does not start" | undefined;
  const start = async (name: string): Promise<Supervised> => {
    done.push(`start ${name}`);
    if (illness === "does not start") throw new Error("it has no disk");
    const pid = 101 + ends.size;
    const exited = new Promise<Awaited<Supervised["exited"]>>((resolve) => {
      ends.set(pid, () => resolve({ code: 0, signal: null }));
    });
    const stopping = new Promise<void>((resolve) => void sayings.set(pid, resolve));
    const end = () => ends.get(pid)?.();
    if (illness === "dies") setTimeout(end, 0);
    return {
      name,
      pid,
      port: pid,
      url: `http://127.0.0.1:${pid}`,
      exited,
      stopping,
      async stop() {
        done.push(`SIGTERM ${pid}`);
        end();
        await exited;
      },
      kill(signal) {
        done.push(`${signal} ${pid}`);
        end();
      },
    };
  };
  const onChange = (one: { name: string; state: InstanceState }) => void states.push(`${one.name} ${one.state}`);
  const instances = await startInstances(count, { start, drainMs: 60_000, restartDelayMs: 0, onChange, ...options });
  onTestFinished(() => instances.stop());
  const ill: Played["ill"] = (how) => {
    illness = how;
  };
  return { instances, done, states, end: (pid) => ends.get(pid)?.(), sayStopping: (pid) => sayings.get(pid)?.(), ill };
}

const named = (instances: Instances) => instances.list().map(({ name, state, pid }) => `${name} ${state} ${pid}`);

describe("starting", () => {
  test("starts the first alone, then the others", async () => {
    let starting = 0;
    const before: number[] = [];
    const instances = await startInstances(3, {
      drainMs: 0,
      async start(name) {
        before.push(starting);
        starting += 1;
        await Promise.resolve();
        starting -= 1;
        const exited = new Promise<never>(() => {});
        return { name, pid: 1, port: 1, url: "", exited, stopping: exited, stop: async () => {}, kill: () => {} };
      },
    });
    onTestFinished(() => instances.stop());
    expect(before).toEqual([0, 0, 1]);
  });

  test("stops what has started where one of them does not", async () => {
    const stopped: string[] = [];
    const started = startInstances(3, {
      drainMs: 0,
      async start(name) {
        if (name === "gateway-3") throw new Error("no room for a third");
        const exited = new Promise<never>(() => {});
        const stop = async () => void stopped.push(name);
        return { name, pid: 1, port: 1, url: "", exited, stopping: exited, stop, kill: () => {} };
      },
    });
    await expect(started).rejects.toThrow("no room for a third");
    expect(stopped.sort()).toEqual(["gateway-1", "gateway-2"]);
  });
});

describe("taking turns", () => {
  test("gives every ready instance in its turn, and none that is down or draining", async () => {
    const { instances, end } = await played(3, { restartDelayMs: 600_000 });
    const turns = () => Array.from({ length: 6 }, () => instances.take()?.name);
    expect(turns().sort()).toEqual(["gateway-1", "gateway-1", "gateway-2", "gateway-2", "gateway-3", "gateway-3"]);
    end(102);
    await vi.waitFor(() => expect(named(instances)[1]).toBe("gateway-2 down undefined"));
    expect(new Set(turns())).toEqual(new Set(["gateway-1", "gateway-3"]));
    // It has turns that are never released.
    void instances.restart("gateway-1");
    await vi.waitFor(() => expect(named(instances)[0]).toBe("gateway-1 draining 101"));
    expect(new Set(turns())).toEqual(new Set(["gateway-3"]));
  });

  test("gives none that says it is stopping, for whatever reason, and takes it back once it was started again", async () => {
    const { instances, sayStopping, end } = await played(2);
    sayStopping(101);
    await vi.waitFor(() => expect(named(instances)[0]).toBe("gateway-1 draining 101"));
    expect([instances.take()?.name, instances.take()?.name]).toEqual(["gateway-2", "gateway-2"]);
    end(101);
    await vi.waitFor(() => expect(named(instances)[0]).toBe("gateway-1 ready 103"));
  });

  test("counts what is in flight, a turn released twice once", async () => {
    const { instances } = await played(1);
    const [one, other] = [instances.take(), instances.take()];
    expect(instances.list()[0]?.inFlight).toBe(2);
    one?.release();
    one?.release();
    expect(instances.list()[0]?.inFlight).toBe(1);
    other?.release();
    expect(instances.list()[0]?.inFlight).toBe(0);
  });
});

describe("rolling and scaling", () => {
  test("roll takes one after the other: out of rotation, drained, SIGTERM, started again", async () => {
    const { instances, done, states } = await played(2);
    states.length = 0;
    const turns = [instances.take(), instances.take()];
    const rolled = instances.roll();
    await vi.waitFor(() => expect(states).toEqual(["gateway-1 draining"]));
    expect(done).toEqual(["start gateway-1", "start gateway-2"]);
    for (const turn of turns) turn?.release();
    await rolled;
    expect(done.slice(2)).toEqual(["SIGTERM 101", "start gateway-1", "SIGTERM 102", "start gateway-2"]);
    expect(states).toEqual([1, 2].flatMap((n) => ["draining", "starting", "ready"].map((s) => `gateway-${n} ${s}`)));
    expect(named(instances)).toEqual(["gateway-1 ready 103", "gateway-2 ready 104"]);
    expect(instances.list().map(({ restarts }) => restarts)).toEqual([1, 1]);
  });

  test("what does not end within drainMs is not waited for", async () => {
    const { instances } = await played(1, { drainMs: 0 });
    instances.take();
    await instances.restart("gateway-1");
    expect(named(instances)).toEqual(["gateway-1 ready 102"]);
  });

  test("scales up and down, the last ones first, and gives no name twice", async () => {
    const { instances } = await played(2);
    await instances.scaleTo(4);
    expect(instances.list().map(({ name }) => name)).toEqual(["gateway-1", "gateway-2", "gateway-3", "gateway-4"]);
    const turn = instances.take();
    expect(turn?.name).toBe("gateway-2");
    const scaled = instances.scaleTo(1);
    expect(instances.list()).toHaveLength(1);
    await instances.scaleTo(2);
    expect(named(instances)).toEqual(["gateway-1 ready 101", "gateway-2 ready 105"]);
    turn?.release();
    await scaled;
  });

  test("a stop ends those too that scaleTo is still draining", async () => {
    const { instances, done } = await played(2);
    const turns = [instances.take(), instances.take()];
    expect(turns.map((turn) => turn?.name).sort()).toEqual(["gateway-1", "gateway-2"]);
    const scaled = instances.scaleTo(1);
    await instances.stop();
    await scaled;
    expect(done.filter((what) => what === "SIGTERM 101")).not.toEqual([]);
    expect(done.filter((what) => what === "SIGTERM 102")).not.toEqual([]);
  });

  test("two orders to one instance are carried out one after the other", async () => {
    const { instances, done } = await played(1);
    await Promise.all([instances.restart("gateway-1"), instances.restart("gateway-1"), instances.roll()]);
    expect(done.slice(1)).toEqual([101, 102, 103].flatMap((pid) => [`SIGTERM ${pid}`, "start gateway-1"]));
  });

  test("an instance that does not exist is a RangeError", async () => {
    const { instances } = await played(1);
    await expect(instances.restart("gateway-9")).rejects.toThrow(RangeError);
    expect(() => instances.kill("gateway-9")).toThrow("There is no instance gateway-9.");
  });
});

describe("deaths", () => {
  test("a killed instance comes back with another process under the same name", async () => {
    const { instances, states } = await played(2);
    states.length = 0;
    expect(instances.kill("gateway-2")).toBe(102);
    await vi.waitFor(() => expect(named(instances)).toEqual(["gateway-1 ready 101", "gateway-2 ready 103"]));
    expect(states).toEqual(["gateway-2 down", "gateway-2 starting", "gateway-2 ready"]);
    expect(instances.list()[1]?.restarts).toBe(1);
  });

  test("three deaths in a row soon after the start are given up, with the reason", async () => {
    const { instances, done, ill, end } = await played(1);
    ill("dies");
    end(101);
    await expect(instances.failed).resolves.toBe("gateway-1 ended 3 times soon after its start");
    expect(done).toEqual(["start gateway-1", "start gateway-1", "start gateway-1"]);
  });

  test("a life of five seconds makes up for deaths before it", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { instances, end } = await played(1);
    let failed = false;
    void instances.failed.then(() => {
      failed = true;
    });
    for (const [livedMs, pid] of [[0, 101] as const, [0, 102] as const, [5_000, 103] as const, [0, 104] as const]) {
      vi.advanceTimersByTime(livedMs);
      end(pid);
      await vi.waitFor(() => expect(named(instances)).toEqual([`gateway-1 ready ${pid + 1}`]));
    }
    expect(failed).toBe(false);
    end(105);
    await vi.waitFor(() => expect(named(instances)).toEqual(["gateway-1 ready 106"]));
    end(106);
    await expect(instances.failed).resolves.toContain("ended 3 times");
  });

  test("one that cannot be started again is told, with what was said", async () => {
    const { instances, ill, end } = await played(1);
    ill("does not start");
    end(101);
    await expect(instances.failed).resolves.toBe("gateway-1 could not be started again (it has no disk)");
    expect(named(instances)).toEqual(["gateway-1 down undefined"]);
  });

  test("nothing is started any more once it stops", async () => {
    const { instances, done, end } = await played(2, { restartDelayMs: 600_000 });
    end(101);
    await vi.waitFor(() => expect(named(instances)[0]).toBe("gateway-1 down undefined"));
    await Promise.all([instances.stop(), instances.roll(), instances.stop()]);
    expect(done).not.toContain("SIGTERM 101");
    expect(done.filter((what) => what.startsWith("start"))).toHaveLength(2);
    expect(instances.take()).toBeUndefined();
  });
});
