// A cluster whose connections are killed, whose primaries change and whose slots are not served: calls work again soon.
import type { Stores } from "@tollbooth-stores/core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { check, connectionScene, failureOf, outcomeOf } from "./connection-scene.ts";
import type { ReplicatedCluster } from "./replicated-cluster.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";
import { failed, lostMarkers, steadyMarkers } from "./steady-calls.ts";
import { startStoresChild } from "./stores-child.ts";
import { until } from "./until.ts";

const commandTimeoutMs = 1_500;

/** Registers the tests: some seconds. */
export function clusterRecoverySuite<Client>(provider: ClientProvider<Client>): void {
  let cluster: ReplicatedCluster;
  const scene = () => connectionScene(provider, onTestFinished);
  const seeds = () => ({ cluster: cluster.seeds().slice(0, 1) });
  const consume400 = ({ rateLimits }: Pick<Stores, "rateLimits">) =>
    Array.from({ length: 400 }, (_, index) => outcomeOf(rateLimits.consume({ ...check, client: `client ${index}` })));

  describe(`${provider.name} on a cluster`, () => {
    beforeAll(async () => {
      cluster = await startReplicatedCluster();
    }, 60_000);
    afterAll(() => cluster.stop());

    it("lets none of the first 400 calls after ping() fail", async () => {
      const stores = scene().opened(seeds(), { commandTimeoutMs: 10_000 });
      await stores.ping();
      expect(new Set(await Promise.all(consume400(stores)))).toEqual(new Set(["ok"]));
    });

    it("lets only calls fail that were on their way when all connections are killed", async () => {
      const { connected, heard } = scene();
      const stores = await connected(seeds(), { commandTimeoutMs: 10_000 });
      await Promise.all(consume400(stores));
      const messages = heard();
      const everywhere = (...words: string[]) => Promise.all(cluster.nodes.map((node) => node.command(...words)));
      await everywhere("CLIENT", "PAUSE", "60000", "WRITE");
      const onTheirWay = consume400(stores);
      const blocked = async () => (await everywhere("CLIENT", "LIST")).filter((list) => / flags=b/.test(String(list)));
      await until(async () => (await blocked()).length === 3);
      await everywhere("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await everywhere("CLIENT", "UNPAUSE");
      await until(async () => messages.filter(({ event }) => event === "lost").length === 3);
      expect(new Set(await Promise.all(consume400(stores)))).toEqual(new Set(["ok"]));
      const outcomes = await Promise.all(onTheirWay);
      expect(outcomes).not.toContain("not-applied");
      const unknown = outcomes.filter((outcome) => outcome === "unknown").length;
      expect(unknown).toBeGreaterThan(0);
      const used = await Promise.all(
        outcomes.map(async (_, index) => {
          const { remaining } = await stores.rateLimits.peek({ ...check, client: `client ${index}` });
          return check.policy.limit - remaining;
        }),
      );
      const ran = used.reduce((sum, count) => sum + count, 0);
      // Three rounds of 400. Only unknown calls may be missing.
      expect(ran).toBeLessThanOrEqual(1_200);
      expect(ran).toBeGreaterThanOrEqual(1_200 - unknown);
    });

    it("lets no call fail in a CLUSTER FAILOVER", async () => {
      const stores = await scene().connected(seeds(), { commandTimeoutMs: 5_000 });
      const load = steadyMarkers(stores.verifications);
      for (const primary of await cluster.primaries()) {
        await cluster.failover(await cluster.replicaOf(primary));
      }
      const calls = await load.stop();
      expect(failed(calls)).toEqual([]);
      expect(await lostMarkers(stores.verifications, calls)).toEqual([]);
    });

    it("says to a connection by `url` that it is a node of a cluster, where a key is another's", async () => {
      const [node] = await cluster.primaries();
      const stores = await scene().connected({ url: node?.url ?? "" }, { commandTimeoutMs });
      const outcomes = await Promise.all(consume400(stores));
      expect(outcomes).toContain("ok");
      const at = outcomes.indexOf("not-applied");
      const told = await failureOf(stores.rateLimits.consume({ ...check, client: `client ${at}` }));
      expect(told).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
      expect(told.message).toMatch(/node of a Redis Cluster.*`cluster`/);
    });

    it("closes within a second while no node answers, and the process ends by itself", async () => {
      const child = await scene().owned(Promise.resolve(startStoresChild(provider)));
      await child.open(seeds(), { commandTimeoutMs: 30_000 });
      await child.callAndPing();
      await child.startWaiting();
      await Promise.all(cluster.nodes.map((node) => node.kill("SIGSTOP")));
      try {
        const { code, tookMs } = await child.close();
        expect(code).toBe("ok");
        expect(tookMs).toBeLessThan(1_000);
        const ended = await child.end();
        expect({ status: ended.status, warnings: ended.warnings }).toEqual({ status: 0, warnings: "" });
        expect(ended.tookMs).toBeLessThan(1_000);
      } finally {
        await Promise.all(cluster.nodes.map((node) => node.kill("SIGCONT")));
      }
    });
  });
}
