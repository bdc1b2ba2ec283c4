// Sentinels make another server the primary: calls go on there soon, and no acknowledged write is lost.
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { connectionScene, SLACK_MS } from "./connection-scene.ts";
import { fieldsOf } from "./replication.ts";
import { type GroupServer, type SentinelGroup, startSentinelGroup } from "./start-sentinel-group.ts";
import { longestOutageMs, lostMarkers, type SteadyCall, type SteadyCalls, steadyMarkers } from "./steady-calls.ts";
import { until } from "./until.ts";

const commandTimeoutMs = 1_000;
/** From the first answer of the new primary until calls succeed again. */
const RECOVERED_WITHIN_MS = 2_500;

/** Registers the tests. They take a minute: sentinels and replicas take their time to settle. */
export function failoverSuite<Client>(provider: ClientProvider<Client>): void {
  let group: SentinelGroup;
  const underLoad = async () => {
    const scene = connectionScene(provider, onTestFinished);
    const nodes = group.sentinels.map(({ address }) => address);
    const stores = await scene.connected({ sentinel: { name: group.name, nodes } }, { commandTimeoutMs });
    const load = steadyMarkers(stores.verifications);
    await until(async () => load.settled().length > 50);
    return { stores, load };
  };
  /** Waits for a success that began after now, and answers when it ended. */
  const worksFrom = async (load: SteadyCalls, nowMs = performance.now()) => {
    let success: SteadyCall | undefined;
    await until(async () => {
      success = load.settled().find(({ startMs, outcome }) => startMs > nowMs && outcome === "ok");
      return success !== undefined;
    });
    return success?.endMs ?? Number.POSITIVE_INFINITY;
  };
  /** Otherwise the first sentinel may choose the former primary, and wait in vain to hear of its promotion. */
  const hasHeardOfRoles = async () => {
    const replicas = await group.sentinels[0]?.command("SENTINEL", "REPLICAS", group.name);
    const roles = Array.isArray(replicas) ? replicas.map((each) => fieldsOf(each)["role-reported"]) : [];
    return roles.length === 2 && roles.every((role) => role === "slave");
  };
  const keptTheirDeadlines = (calls: readonly SteadyCall[]) => {
    const longestMs = Math.max(...calls.map(({ startMs, endMs }) => endMs - startMs));
    expect(longestMs).toBeLessThan(commandTimeoutMs + SLACK_MS);
  };

  describe(`${provider.name} follows a failover`, () => {
    beforeAll(async () => {
      group = await startSentinelGroup();
    }, 60_000);
    beforeEach(async () => {
      await group.settled();
      await until(hasHeardOfRoles);
    }, 60_000);
    afterAll(() => group.stop());

    it("that was asked for, under load: no acknowledged marker is lost", async () => {
      const { stores, load } = await underLoad();
      const former = await group.primary();
      await group.failover();
      await worksFrom(load);
      const calls = await load.stop();
      keptTheirDeadlines(calls);
      expect(longestOutageMs(calls)).toBeLessThan(4_000);
      expect(await lostMarkers(stores.verifications, calls)).toEqual([]);
      expect(await group.primary()).not.toBe(former);
    }, 60_000);

    it("many times over, and keeps one connection for commands", async () => {
      const { stores, load } = await underLoad();
      for (let round = 1; round <= 3; round += 1) {
        await group.failover();
        await until(hasHeardOfRoles);
      }
      await worksFrom(load);
      const calls = await load.stop();
      keptTheirDeadlines(calls);
      expect(await lostMarkers(stores.verifications, calls)).toEqual([]);
      const ofStores = async ({ command }: GroupServer) => {
        const lines = String(await command("CLIENT", "LIST", "TYPE", "normal"))
          .trim()
          .split("\n");
        return lines.filter((line) => /cmd=evalsha/.test(line)).length;
      };
      const counts = await Promise.all(group.servers.map(ofStores));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    }, 90_000);

    it.each(["SIGKILL", "SIGSTOP"] as const)(
      "of a primary that got %s",
      async (signal) => {
        const { stores, load } = await underLoad();
        const former = await group.primary();
        await former.kill(signal);
        try {
          const next = await group.nextPrimary(former);
          const promotedMs = performance.now();
          expect((await worksFrom(load, promotedMs)) - promotedMs).toBeLessThan(RECOVERED_WITHIN_MS);
          const calls = await load.stop();
          keptTheirDeadlines(calls);
          expect(await lostMarkers(stores.verifications, calls)).toEqual([]);
          expect(await group.primary()).toBe(next);
        } finally {
          await (signal === "SIGSTOP" ? former.kill("SIGCONT") : former.restart());
        }
      },
      60_000,
    );

    it("of a primary that a client has paused", async () => {
      const { stores, load } = await underLoad();
      const former = await group.primary();
      await former.command("CLIENT", "PAUSE", "60000", "WRITE");
      try {
        await group.sentinels[0]?.command("SENTINEL", "FAILOVER", group.name);
        await group.nextPrimary(former);
        const promotedMs = performance.now();
        expect((await worksFrom(load, promotedMs)) - promotedMs).toBeLessThan(RECOVERED_WITHIN_MS);
        const calls = await load.stop();
        keptTheirDeadlines(calls);
        expect(await lostMarkers(stores.verifications, calls)).toEqual([]);
      } finally {
        await former.command("CLIENT", "UNPAUSE");
      }
    }, 60_000);
  });
}
