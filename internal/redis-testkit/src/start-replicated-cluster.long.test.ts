// A cluster fails over, moves slots, and loses and gains nodes; its proxies strike clients and not the cluster.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReplicatedCluster } from "./replicated-cluster.ts";
import { redisCommand, redisCommands } from "./resp-command.ts";
import type { ClusterNode } from "./start-cluster-node.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";

/** A command that follows no redirection, sent the way that clients take. */
function through(node: ClusterNode, ...words: readonly string[]) {
  return redisCommand({ ...node, ...node.address }, ...words);
}

describe("startReplicatedCluster", () => {
  let cluster: ReplicatedCluster;
  let tls: ReplicatedCluster;
  beforeAll(async () => {
    [cluster, tls] = await Promise.all([
      startReplicatedCluster({ server: { requirepass: "p@ss word" }, proxied: true }),
      startReplicatedCluster({ primaries: 2, replicas: 1, tls: true, proxied: true }),
    ]);
  }, 60_000);
  afterAll(() => Promise.all([cluster?.stop(), tls?.stop()]));

  const owner = async (key: string) => cluster.primaryOf(await cluster.slotOf(key));

  it("announces the proxies, with and without TLS", async () => {
    for (const each of [cluster, tls]) {
      const [first] = each.nodes;
      if (first === undefined) throw new Error("No node.");
      expect(await through(first, "PING")).toBe("PONG");
      const before = first.proxy?.accepted();
      const told = JSON.stringify(await through(first, "CLUSTER", "SLOTS"));
      for (const node of each.nodes) expect(told).toContain(`"127.0.0.1",${node.address.port},"${node.id}"`);
      expect(first.proxy?.accepted()).toBe((before ?? 0) + 1);
    }
    expect(tls.nodes.every(({ url }) => url.startsWith("rediss://"))).toBe(true);
    expect(tls.seeds()).toEqual(tls.nodes.map(({ address }) => address));
  });

  it("fails over to a replica on demand, and by itself when the primary is killed", async () => {
    const first = await owner("key");
    const second = await cluster.replicaOf(first);
    await through(first, "SET", "key", "kept");
    await cluster.failover(second);
    expect(await owner("key")).toBe(second);
    await expect(through(first, "SET", "key", "1")).rejects.toThrow(`MOVED 12539 127.0.0.1:${second.address.port}`);
    // All proxies mute: the nodes talk past them.
    for (const { proxy } of cluster.nodes) proxy?.silence({ established: true });
    await second.kill("SIGKILL");
    await cluster.settled({ except: [second] });
    for (const { proxy } of cluster.nodes) proxy?.speak();
    expect(await owner("key")).toBe(first);
    expect(await through(first, "GET", "key")).toBe("kept");
    await second.restart();
    await cluster.settled();
    expect(await cluster.replicaOf(first)).toBe(second);
  }, 60_000);

  it("moves slots with their keys, and answers ASK and TRYAGAIN half-way", async () => {
    const from = await owner("{a}1");
    const to = (await cluster.primaries()).find((node) => node !== from);
    if (to === undefined) throw new Error("No other primary.");
    const slot = await cluster.slotOf("{a}1");
    for (const key of ["{a}1", "{a}2", "{a}ü"]) await through(from, "SET", key, key);
    const move = await cluster.beginMove(from, to, [slot], (key) => key !== "{a}2");
    const ask = `ASK ${slot} 127.0.0.1:${to.address.port}`;
    await expect(through(from, "GET", "{a}1")).rejects.toThrow(ask);
    await expect(through(from, "GET", "{a}ü")).rejects.toThrow(ask);
    await expect(through(from, "MGET", "{a}1", "{a}2")).rejects.toThrow("TRYAGAIN");
    expect(await through(from, "GET", "{a}2")).toBe("{a}2");
    expect((await redisCommands(to, [["ASKING"], ["GET", "{a}1"]]))[1]).toBe("{a}1");
    await move.finish();
    expect(await owner("{a}1")).toBe(to);
    expect(await through(to, "MGET", "{a}1", "{a}2")).toEqual(["{a}1", "{a}2"]);
    await expect(through(from, "GET", "{a}2")).rejects.toThrow("MOVED");
    await cluster.moveSlots(to, from, [slot]);
    expect(await through(from, "GET", "{a}2")).toBe("{a}2");
  });

  it("takes in new nodes, and lets one go that has slots and a replica", async () => {
    const from = await owner("{b}1");
    await through(from, "SET", "{b}1", "kept");
    const fresh = await cluster.addNode();
    const replica = await cluster.addNode({ replicaOf: fresh });
    expect([cluster.nodes.length, await cluster.slotsOf(fresh)]).toEqual([8, []]);
    const slots = (await cluster.slotsOf(from)).slice(0, 10).concat(await cluster.slotOf("{b}1"));
    await cluster.moveSlots(from, fresh, slots);
    expect(await through(fresh, "GET", "{b}1")).toBe("kept");
    expect(await cluster.replicaOf(fresh)).toBe(replica);
    await cluster.removeNode(fresh);
    expect(cluster.nodes).not.toContain(fresh);
    await expect(fresh.command("PING")).rejects.toThrow("ECONNREFUSED");
    const heir = await owner("{b}1");
    expect(await through(heir, "GET", "{b}1")).toBe("kept");
    expect(JSON.stringify(await heir.command("CLUSTER", "NODES"))).not.toContain(fresh.id);
  }, 60_000);

  it("moves keys and replicates over TLS", async () => {
    const slot = await tls.slotOf("key");
    const from = await tls.primaryOf(slot);
    const to = (await tls.primaries()).find((node) => node !== from);
    if (to === undefined) throw new Error("No other primary.");
    await through(from, "SET", "key", "kept");
    await tls.moveSlots(from, to, [slot]);
    expect(await through(to, "GET", "key")).toBe("kept");
  });
});
