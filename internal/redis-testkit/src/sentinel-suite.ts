// The primary that sentinels name: found while some of them are silent or refused, and by the newest of their answers.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type AtEnd, check, connectionScene, failureOf, worksAgain } from "./connection-scene.ts";
import { startNetProxy } from "./net-proxy.ts";
import { startRedis } from "./start-redis.ts";
import { startSentinel } from "./start-sentinel.ts";
import { type SentinelGroup, startSentinelGroup } from "./start-sentinel-group.ts";

const commandTimeoutMs = 5_000;
/** How long the others are waited for beside a silent one, with what a busy machine adds. */
const FOUND_WITHIN_MS = 2_000;

/** Registers the tests. */
export function sentinelSuite<Client>(provider: ClientProvider<Client>): void {
  describe.concurrent(`${provider.name} finds the primary that sentinels name`, () => {
    let group: SentinelGroup;
    beforeAll(async () => {
      group = await startSentinelGroup({ replicas: 0 });
    });
    afterAll(() => group.stop());
    /** The first is behind a proxy. */
    const sentinels = async (atEnd: AtEnd, count: number) => {
      const scene = connectionScene(provider, atEnd);
      const [first, ...others] = group.sentinels.slice(0, count).map(({ address }) => address);
      const proxy = await scene.owned(startNetProxy(first));
      const nodes = [{ host: proxy.host, port: proxy.port }, ...others];
      return { scene, proxy, connection: { sentinel: { name: group.name, nodes } } };
    };

    it.for([
      { how: "silence", count: 2 },
      { how: "silence", count: 3 },
      { how: "refuse", count: 2 },
      { how: "refuse", count: 3 },
    ] as const)("in spite of the first of $count: $how", async ({ how, count }, { expect, onTestFinished }) => {
      const { scene, proxy, connection } = await sentinels(onTestFinished, count);
      await scene.connected(connection);
      proxy[how]();
      const startMs = performance.now();
      await scene.opened(connection, { commandTimeoutMs }).rateLimits.consume(check);
      expect(performance.now() - startMs).toBeLessThan(FOUND_WITHIN_MS);
    });

    it("as soon as the only one speaks that was silent", async ({ expect, onTestFinished }) => {
      const { scene, proxy, connection } = await sentinels(onTestFinished, 1);
      proxy.silence();
      const stores = scene.opened(connection, { commandTimeoutMs: 500 });
      expect(await failureOf(stores.rateLimits.consume(check))).toMatchObject({ outcome: "not-applied" });
      proxy.speak();
      await worksAgain(stores, 2_000);
    });

    it("by the highest configuration epoch where they disagree, in whatever order they are named", async ({
      expect,
      onTestFinished,
    }) => {
      const scene = connectionScene(provider, onTestFinished);
      const [former, present] = await Promise.all([scene.owned(startRedis()), scene.owned(startRedis())]);
      const naming = (primary: typeof former, epoch: number) =>
        scene.owned(startSentinel(primary, { config: [`sentinel config-epoch mymaster ${epoch}`] }));
      // The stale ones are the majority.
      const stale = await Promise.all([naming(former, 3), naming(former, 4)]);
      const newest = await naming(present, 5);
      for (const order of [
        [newest, ...stale],
        [...stale, newest],
      ]) {
        const nodes = order.map(({ host, port }) => ({ host, port }));
        const stores = scene.opened({ sentinel: { name: newest.name, nodes } }, { commandTimeoutMs });
        await stores.rateLimits.consume(check);
      }
      expect([await former.command("DBSIZE"), await present.command("DBSIZE")]).toEqual([0, 2]);
    });
  });
}
