// Faults of a server by itself: stopped, killed, loading, full, without its scripts, or its clients thrown out.
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningRedis, until } from "@tollbooth-stores/redis-testkit";
import { between } from "../random.ts";
import { stopped } from "../run/instances.ts";
import { topologies } from "../worlds/world.ts";
import type { Row } from "./row.ts";

const failedScripts = async (servers: readonly RunningRedis[]) => {
  const infos = await Promise.all(servers.map((server) => server.command("INFO", "errorstats")));
  return infos.reduce<number>(
    (sum, info) => sum + Number(/errorstat_NOSCRIPT:count=(\d+)/.exec(String(info))?.[1] ?? 0),
    0,
  );
};

const stoppedFor = ([leastMs, mostMs]: readonly [number, number], of: Omit<Row, "fault" | "play">): Row => ({
  ...of,
  fault: {
    loss: "silent",
    async strike({ world, random }) {
      const server = await world.somePrimary(random);
      await server.kill("SIGSTOP");
      await stopped(server.pid);
      const ms = between(random, leastMs, mostMs);
      await sleep(ms);
      await server.kill("SIGCONT");
      return { proof: `stood still for ${ms} ms`, backAtMs: Date.now() };
    },
  },
});

export const servers: readonly Row[] = [
  {
    name: "client-kill",
    title: "CLIENT KILL of every client",
    ...{ faults: [28], on: topologies },
    fault: {
      loss: "ended",
      async strike({ world }) {
        const killed = await Promise.all(
          world.servers().map((server) => server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")),
        );
        const ended = killed.map(Number).reduce((sum, count) => sum + count, 0);
        if (ended === 0) throw new Error("No client was killed.");
        return { proof: `${ended} clients killed`, backAtMs: Date.now() };
      },
    },
  },
  {
    name: "script-flush",
    title: "SCRIPT FLUSH under load",
    ...{ faults: [13], on: topologies },
    fault: {
      loss: "ended",
      unnoticed: true,
      async strike({ world, random }) {
        const before = await failedScripts(world.servers());
        const backAtMs = Date.now();
        for (let times = between(random, 1, 4); times > 0; times -= 1) {
          await Promise.all(world.servers().map((server) => server.command("SCRIPT", "FLUSH", "SYNC")));
          await sleep(between(random, 5, 60));
        }
        await until(async () => (await failedScripts(world.servers())) > before);
        return { proof: `${(await failedScripts(world.servers())) - before} calls met NOSCRIPT`, backAtMs };
      },
    },
  },
  stoppedFor([1_500, 3_500], {
    name: "server-stopped",
    title: "SIGSTOP of the only server, then SIGCONT",
    ...{ faults: [17], on: ["single", "tls"] },
  }),
  stoppedFor([30_000, 30_000], {
    name: "server-stopped-long",
    title: "SIGSTOP of the only server for 30 s, then SIGCONT",
    ...{ faults: [17], on: ["single"], byHand: true },
  }),
  {
    name: "server-killed",
    title: "SIGKILL of a server with an append-only file, then a restart",
    ...{ faults: [9], on: ["single", "tls"] },
    fault: {
      loss: "ended",
      async strike({ world, random }) {
        const server = await world.somePrimary(random);
        const before = server.pid;
        await server.kill("SIGKILL");
        await sleep(between(random, 0, 1_000));
        await server.restart();
        return { proof: `process ${before} killed, ${server.pid} started`, backAtMs: Date.now() };
      },
    },
  },
  {
    name: "loading",
    title: "a restarted server loads for a second or two (LOADING)",
    ...{ faults: [9], on: ["single"] },
    fault: {
      loss: "ended",
      async strike({ world, random }) {
        const server = await world.somePrimary(random);
        await loadSlowly(server);
        let answer = "";
        const restarting = server.restart();
        await until(async () => {
          answer = await server.command("GET", "x").then(String, String);
          return answer.includes("LOADING");
        });
        await restarting;
        await server.command("CONFIG", "SET", "key-load-delay", "0");
        await server.command("CONFIG", "REWRITE");
        return { proof: `answered ${answer.slice(0, 30)}`, backAtMs: Date.now() };
      },
    },
  },
  {
    name: "full",
    title: "maxmemory reached, noeviction, then room again",
    ...{ faults: [14], on: ["single", "cluster"] },
    fault: {
      loss: "ended",
      async strike({ world, random }) {
        const server = await world.somePrimary(random);
        await server.command("CONFIG", "SET", "maxmemory", "1");
        await sleep(between(random, 300, 1_000));
        const info = String(await server.command("INFO", "errorstats"));
        const refused = Number(/errorstat_OOM:count=(\d+)/.exec(info)?.[1] ?? 0);
        await server.command("CONFIG", "SET", "maxmemory", "0");
        if (refused === 0) throw new Error("Nothing was refused.");
        return { proof: `${refused} calls refused as OOM`, backAtMs: Date.now() };
      },
    },
  },
];

/** How long a server takes to load what it holds. */
const LOADS_MS = 1_500;

/** Each key takes a while to load, by a setting for tests; and clients are answered every few keys. */
async function loadSlowly(server: RunningRedis): Promise<void> {
  await server.command("EVAL", "for i = 1, 2000 do redis.call('SET', 'filling:' .. i, i, 'EX', 60) end", "0");
  await server.command("BGREWRITEAOF");
  await until(async () => /aof_rewrite_in_progress:0/.test(String(await server.command("INFO", "persistence"))));
  const keys = Number(await server.command("DBSIZE"));
  await server.command("CONFIG", "SET", "key-load-delay", String(Math.round((1_000 * LOADS_MS) / keys)));
  await server.command("CONFIG", "SET", "loading-process-events-interval-bytes", "1024");
  await server.command("CONFIG", "REWRITE");
}
