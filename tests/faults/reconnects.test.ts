// Twenty lost connections leave no handle, no listener and no memory behind.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, clients } from "./contract.ts";
import { answerTo } from "./rows/findings.ts";
import { type Instance, startInstance } from "./run/instances.ts";
import { openLedger } from "./run/ledger.ts";
import { startWorld } from "./worlds/start-world.ts";
import type { World } from "./worlds/world.ts";

const CYCLES = 20;
/** What the first connections leave in caches for good is there before the count. */
const FIRST_CYCLES = 8;
/** A connection that stays costs more than 20 kB, and a client library's object more than 40 kB. */
const MOST_BYTES_EACH = 15_000;

async function cycles(world: World, instance: Instance, count: number): Promise<void> {
  for (let cycle = 0; cycle < count; cycle += 1) {
    for (const proxy of world.proxies()) proxy.cut(cycle % 2 === 0 ? "fin" : "rst");
    for (let key = 0; key < 12; key += 1) await answerTo(instance, "sessions", "get", `key ${key}`);
  }
  // A connection of every node is up again, and the last attempts are over.
  await sleep(1_500);
  for (let key = 0; key < 12; key += 1) await answerTo(instance, "sessions", "get", `key ${key}`);
}

async function opened(client: Client, world: World): Promise<Instance> {
  const instance = startInstance(client, openLedger().jobs);
  onTestFinished(() => instance.end());
  await instance.jobs.open({ connection: world.connection, keyPrefix: `reconnects-${client}` });
  return instance;
}

describe.each(["single", "cluster"] as const)("after %s lost connections", (topology) => {
  it(`leaves as much as before, with both clients (${CYCLES} cycles)`, async () => {
    const world = await startWorld(topology);
    onTestFinished(() => world.stop());
    await Promise.all(
      clients.map(async (client) => {
        const instance = await opened(client, world);
        const { jobs } = instance;
        await cycles(world, instance, FIRST_CYCLES);
        const before = await jobs.resources();
        await cycles(world, instance, CYCLES);
        const after = await jobs.resources();
        const events = (await jobs.turns()).map(({ event }) => event);
        expect(events.filter((event) => event === "reconnected").length).toBeGreaterThanOrEqual(CYCLES);
        expect([client, after.handles]).toEqual([client, before.handles]);
        expect([client, after.listeners]).toEqual([client, before.listeners]);
        expect(after.heapBytes - before.heapBytes).toBeLessThan(CYCLES * MOST_BYTES_EACH);
        expect(await jobs.close()).toEqual([]);
      }),
    );
  });
});
