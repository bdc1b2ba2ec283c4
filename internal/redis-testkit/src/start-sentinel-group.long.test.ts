// Sentinels and their servers: settled at the start, failed over on demand and after a death, and struck by proxies.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisCommand } from "./resp-command.ts";
import { type SentinelGroup, startSentinelGroup } from "./start-sentinel-group.ts";
import { until } from "./until.ts";

describe("startSentinelGroup", () => {
  let group: SentinelGroup;
  let proxied: SentinelGroup;
  beforeAll(async () => {
    [group, proxied] = await Promise.all([
      startSentinelGroup({
        sentinel: { requirepass: "sentinel's own", name: "payments" },
        server: { requirepass: "p@ss word" },
        minReplicasToWrite: 1,
      }),
      startSentinelGroup({ replicas: 1, proxied: true }),
    ]);
  });
  afterAll(() => Promise.all([group?.stop(), proxied?.stop()]));

  it("has a primary that all sentinels name, with the passwords and limits it was given", async () => {
    const primary = await group.primary();
    expect(primary).toBe(group.servers[0]);
    for (const sentinel of group.sentinels) {
      const named = await sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "payments");
      expect(named).toEqual([primary.host, String(primary.port)]);
      await expect(redisCommand({ ...sentinel, password: "wrong" }, "PING")).rejects.toThrow("WRONGPASS");
    }
    await expect(redisCommand({ ...primary, password: "wrong" }, "PING")).rejects.toThrow("WRONGPASS");
    expect(await primary.command("CONFIG", "GET", "min-replicas-to-write")).toEqual(["min-replicas-to-write", "1"]);
  });

  it("fails over on demand, and to a survivor when the primary is killed, which comes back as a replica", async () => {
    const [first] = group.servers;
    const second = await group.failover();
    expect(second).not.toBe(first);
    await second.command("SET", "key", "kept");
    await expect(first?.command("SET", "key", "1")).rejects.toThrow("READONLY");
    await second.kill("SIGKILL");
    const third = await group.nextPrimary(second);
    await group.settled({ except: [second] });
    expect(await third.command("GET", "key")).toBe("kept");
    await second.restart();
    await group.settled();
    await expect(second.command("SET", "key", "1")).rejects.toThrow("READONLY");
  }, 60_000);

  it("leads clients past proxies, whose faults strike neither the servers nor the sentinels among themselves", async () => {
    const primary = await proxied.primary();
    const ask = (sentinel: (typeof proxied.sentinels)[number]) =>
      redisCommand({ ...sentinel, ...sentinel.address }, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", proxied.name);
    for (const sentinel of proxied.sentinels) {
      expect(await ask(sentinel)).toEqual([primary.address.host, String(primary.address.port)]);
      expect(sentinel.proxy?.accepted()).toBe(1);
    }
    expect(await redisCommand({ ...primary, ...primary.address }, "SET", "key", "1")).toBe("OK");
    expect([primary.proxy?.accepted(), primary.address.port === primary.port]).toEqual([1, false]);
    for (const { proxy } of [...proxied.servers, ...proxied.sentinels]) proxy?.silence({ established: true });
    const next = await proxied.failover();
    expect(next).not.toBe(primary);
    for (const { proxy } of [...proxied.servers, ...proxied.sentinels]) proxy?.speak();
    const [sentinel] = proxied.sentinels;
    if (sentinel === undefined) throw new Error("No sentinel.");
    await until(async () => JSON.stringify(await ask(sentinel)).includes(`"${next.address.port}"`));
    expect(await redisCommand({ ...next, ...next.address }, "GET", "key")).toBe("1");
  }, 60_000);
});
