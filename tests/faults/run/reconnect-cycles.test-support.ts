// Cuts connections again and again, and holds what an instance keeps afterwards against what it kept before.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { type Client, clients } from "../contract.ts";
import { answerTo } from "../rows/findings.ts";
import { startWorld } from "../worlds/start-world.ts";
import type { Topology, World } from "../worlds/world.ts";
import { type Instance, startInstance } from "./instances.ts";
import { openLedger } from "./ledger.ts";

const CYCLES = 20;
const FIRST_CYCLES = 5;
/** A client library's object costs more than 40 kB, and a socket with its buffers more than 20 kB. */
const MOST_BYTES_EACH = 10_000;
/** Code that is compiled and caches that fill grow the heap at first, and then no more; what leaks grows it each time. */
const MOST_BLOCKS = 4;

/** Twelve keys: on a cluster, of each primary some. */
async function allAnswer(instances: readonly Instance[]): Promise<void> {
  for (const instance of instances) {
    for (let key = 0; key < 12; key += 1) await answerTo(instance, "sessions", "get", `key ${key}`);
  }
}

async function cycles(world: World, instances: readonly Instance[], count: number, quietMs: number): Promise<void> {
  for (let cycle = 0; cycle < count; cycle += 1) {
    for (const proxy of world.proxies()) proxy.cut(cycle % 2 === 0 ? "fin" : "rst");
    await allAnswer(instances);
  }
  // A connection of every node is up again, and the last attempts are over.
  await sleep(quietMs);
  await allAnswer(instances);
}

async function opened(client: Client, world: World): Promise<Instance> {
  const instance = startInstance(client, openLedger().jobs);
  onTestFinished(() => instance.end());
  await instance.jobs.open({ connection: world.connection, keyPrefix: `reconnects-${client}` });
  return instance;
}

const resourcesOf = (instances: readonly Instance[]) => Promise.all(instances.map(({ jobs }) => jobs.resources()));

/** Registers one test. `quietMs`: how long the last attempts to connect take. */
export function leavesNothingBehind(topology: Topology, quietMs: number): void {
  it(`${CYCLES} lost connections leave no handle, listener or memory behind, with both clients on ${topology}`, async () => {
    const world = await startWorld(topology);
    onTestFinished(() => world.stop());
    const connections = () => world.proxies().reduce((sum, proxy) => sum + proxy.accepted(), 0);
    const instances = await Promise.all(clients.map((client) => opened(client, world)));
    await cycles(world, instances, FIRST_CYCLES, quietMs);
    let before = await resourcesOf(instances);
    let grownBytes = Number.POSITIVE_INFINITY;
    for (let block = 1; block <= MOST_BLOCKS && grownBytes > CYCLES * MOST_BYTES_EACH; block += 1) {
      const connected = connections();
      await cycles(world, instances, CYCLES, quietMs);
      const after = await resourcesOf(instances);
      expect(connections() - connected).toBeGreaterThanOrEqual(CYCLES * instances.length);
      expect(after.map(({ handles }) => handles)).toEqual(before.map(({ handles }) => handles));
      expect(after.map(({ listeners }) => listeners)).toEqual(before.map(({ listeners }) => listeners));
      grownBytes = Math.max(...after.map(({ heapBytes }, index) => heapBytes - (before[index]?.heapBytes ?? 0)));
      before = after;
    }
    expect(grownBytes).toBeLessThan(CYCLES * MOST_BYTES_EACH);
    for (const { jobs } of instances) expect(await jobs.close()).toEqual([]);
  });
}
