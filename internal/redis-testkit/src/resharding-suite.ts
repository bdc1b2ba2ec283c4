// A cluster that changes under load: slots move, nodes come, leave and die, and slots are not served for a while.
import { createHash } from "node:crypto";
import type { Stores } from "@tollbooth-stores/core";
import { keySlot } from "@tollbooth-stores/redis-protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { check, connectionScene, failureOf, outcomeOf, SLACK_MS, worksAgain } from "./connection-scene.ts";
import type { ReplicatedCluster, ReplicatedClusterOptions } from "./replicated-cluster.ts";
import type { ClusterNode } from "./start-cluster-node.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";
import { failed, lostMarkers, steadyMarkers } from "./steady-calls.ts";
import { until } from "./until.ts";

const commandTimeoutMs = 1_500;
const RECOVERED_WITHIN_MS = 3_000;
const request = { token: "t", fingerprint: "f", retainUntilMs: 0 };

/** Registers the tests. They take a minute. */
export function reshardingSuite<Client>(provider: ClientProvider<Client>): void {
  const started = async (options: ReplicatedClusterOptions) => {
    const scene = connectionScene(provider, onTestFinished);
    const cluster = await scene.owned(startReplicatedCluster(options));
    const opened = (deadlineMs = commandTimeoutMs) =>
      scene.connected({ cluster: cluster.seeds() }, { commandTimeoutMs: deadlineMs, keyPrefix: "shared" });
    return { scene, cluster, opened };
  };
  const some = async (node: ClusterNode, { slotsOf }: ReplicatedCluster, count: number) =>
    (await slotsOf(node)).slice(0, count);

  describe(`${provider.name} on a cluster that changes`, () => {
    it("lets no call fail while slots move back and forth", async () => {
      const { cluster, opened } = await started({ primaries: 3, replicas: 0 });
      const stores = await opened();
      const load = steadyMarkers(stores.verifications);
      const [from, to] = await cluster.primaries();
      if (from === undefined || to === undefined) throw new Error("Too few primaries.");
      const slots = await some(from, cluster, 1_000);
      await cluster.moveSlots(from, to, slots);
      await cluster.moveSlots(to, from, slots);
      const calls = await load.stop();
      expect(failed(calls)).toEqual([]);
      expect(await lostMarkers(stores.verifications, calls)).toEqual([]);
    }, 60_000);

    it("survives that the connection to the target of ASK is cut, again and again", async () => {
      const { cluster, opened } = await started({ primaries: 2, replicas: 0, proxied: true });
      const stores = await opened();
      const [from, to] = await cluster.primaries();
      if (from === undefined || to === undefined) throw new Error("Too few primaries.");
      const keys = await keysOn(cluster, from, 50);
      for (const key of keys) await stores.verifications.markOnce(key, request);
      const unhandled: unknown[] = [];
      const hear = (error: unknown) => void unhandled.push(error);
      process.on("unhandledRejection", hear);
      onTestFinished(() => void process.off("unhandledRejection", hear));
      // All keys have moved, and their owner still answers for the slots: each call is sent on by ASK.
      const move = await cluster.beginMove(from, to, await cluster.slotsOf(from), () => true);
      const outcomes: string[] = [];
      for (let round = 1; round <= 10; round += 1) {
        const calls = keys.map((key) => outcomeOf(stores.verifications.markOnce(key, request)));
        to.proxy?.cut(round % 2 === 0 ? "rst" : "fin");
        outcomes.push(...(await Promise.all(calls)));
      }
      expect(to.proxy?.accepted()).toBeGreaterThan(5);
      expect(outcomes).toContain("ok");
      expect(outcomes).not.toContain("not-applied");
      await move.finish();
      await worksAgain(stores, RECOVERED_WITHIN_MS);
      expect(unhandled).toEqual([]);
    }, 60_000);

    it("lets no call fail while a node comes, takes slots, gives them back and leaves", async () => {
      const { cluster, opened } = await started({ primaries: 3, replicas: 0 });
      const stores = await opened(5_000);
      const load = steadyMarkers(stores.verifications);
      const [giver] = await cluster.primaries();
      if (giver === undefined) throw new Error("No primary.");
      const added = await cluster.addNode();
      await cluster.moveSlots(giver, added, await some(giver, cluster, 1_000));
      const before = load.settled().length;
      await until(async () => load.settled().length > before + 200);
      expect(Number(await added.command("DBSIZE"))).toBeGreaterThan(0);
      await cluster.removeNode(added);
      const calls = await load.stop();
      expect(failed(calls)).toEqual([]);
      expect(await lostMarkers(stores.verifications, calls)).toEqual([]);
    }, 60_000);

    it.each(["SIGKILL", "SIGSTOP"] as const)(
      "goes on at the replica of a primary that got %s",
      async (signal) => {
        const { cluster, opened, scene } = await started({ primaries: 3, replicas: 3 });
        const stores = await opened();
        const [lost] = await cluster.primaries();
        if (lost === undefined) throw new Error("No primary.");
        const replica = await cluster.replicaOf(lost);
        const [key = ""] = await keysOn(cluster, lost, 1);
        const mark = (on: Stores) => outcomeOf(on.verifications.markOnce(key, request));
        expect(await mark(stores)).toBe("ok");
        await lost.kill(signal);
        await until(async () => (await cluster.primaries()).includes(replica));
        await until(async () => (await mark(stores)) === "ok", { withinMs: RECOVERED_WITHIN_MS });
        // New clients are told of the lost node first, and of all others after it.
        const nodes = [lost, ...cluster.nodes.filter((node) => node !== lost)].map(({ address }) => address);
        const latecomers = Array.from({ length: 10 }, () =>
          scene.opened({ cluster: nodes }, { commandTimeoutMs: 3_000 }),
        );
        const calls = latecomers.map((one) => one.verifications.markOnce(key, request));
        expect(await Promise.all(calls)).toEqual(calls.map(() => expect.anything()));
        if (signal === "SIGSTOP") await lost.kill("SIGCONT");
      },
      60_000,
    );

    it.each([
      ["a slot that no primary serves", 1],
      ["a cluster without a quorum", 2],
    ])(
      "waits for %s, and says so at the deadline",
      async (_, count) => {
        const { cluster, opened } = await started({ primaries: 3, replicas: 0 });
        const [stores, patient] = [await opened(500), await opened(15_000)];
        const [other, lost, ...more] = await cluster.primaries();
        if (lost === undefined || other === undefined) throw new Error("Too few primaries.");
        const [[key = ""], lostKeys] = [await keysOn(cluster, other, 1), await keysOn(cluster, lost, 25)];
        const dead = [lost, ...more].slice(0, count);
        await Promise.all(dead.map((node) => node.kill("SIGKILL")));
        await until(async () => String(await other.command("CLUSTER", "INFO")).includes("cluster_state:fail"));
        const told = await failureOf(stores.verifications.markOnce(key, request));
        expect(told).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
        expect(told.message).toMatch(/Cluster does not serve this slot now/);
        expect(told.tookMs).toBeLessThan(500 + SLACK_MS);
        const warnings: Error[] = [];
        const hear = (warning: Error) => void warnings.push(warning);
        process.on("warning", hear);
        onTestFinished(() => void process.off("warning", hear));
        const keys = [...(await keysOn(cluster, other, 25)), ...lostKeys];
        const outcomes = await Promise.all(keys.map((each) => outcomeOf(stores.verifications.markOnce(each, request))));
        expect(new Set(outcomes)).toEqual(new Set(["not-applied"]));
        expect(warnings).toEqual([]);
        const waited = outcomeOf(patient.verifications.markOnce(key, request));
        await Promise.all(dead.map((node) => node.restart()));
        expect(await waited).toBe("ok");
        await cluster.settled();
        await worksAgain(stores, RECOVERED_WITHIN_MS);
      },
      60_000,
    );

    it("waits for a slot whose keys have moved in part, and says so at the deadline", async () => {
      const { cluster, opened } = await started({ primaries: 2, replicas: 0 });
      const [stores, patient] = [await opened(500), await opened(15_000)];
      const [from, to] = await cluster.primaries();
      if (from === undefined || to === undefined) throw new Error("Too few primaries.");
      const both = ["GET /one", "GET /two"].map((route) => ({ ...check, route }));
      await patient.rateLimits.consumeAll(both);
      const owner = Number(await from.command("DBSIZE")) > 0 ? { of: from, next: to } : { of: to, next: from };
      const slots = await cluster.slotsOf(owner.of);
      const move = await cluster.beginMove(owner.of, owner.next, slots, (key) => key.includes("one"));
      const limits = (of: Stores) => of.rateLimits.consumeAll(both);
      const told = await failureOf(limits(stores));
      expect(told).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
      expect(told.message).toMatch(/Cluster is moving this slot/);
      expect(told.tookMs).toBeLessThan(500 + SLACK_MS);
      const waited = outcomeOf(limits(patient));
      await move.finish();
      expect(await waited).toBe("ok");
      expect(await outcomeOf(limits(stores))).toBe("ok");
    }, 60_000);
  });
}

/** Keys of markers that live on a node. */
async function keysOn({ slotsOf }: ReplicatedCluster, node: ClusterNode, count: number): Promise<string[]> {
  const slots = new Set(await slotsOf(node));
  const keys: string[] = [];
  for (let index = 0; keys.length < count; index += 1) {
    const key = `key ${index}`;
    if (slots.has(keySlot(createHash("sha256").update(key).digest("base64url")))) keys.push(key);
  }
  return keys;
}
