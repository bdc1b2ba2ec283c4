// close() in every state of a connection: it resolves within a second, leaves nothing open, and the process ends by itself.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, type ExpectStatic, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type AtEnd, check, connectionScene, type Scene } from "./connection-scene.ts";
import { startNetProxy } from "./net-proxy.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { type StoresChild, startStoresChild } from "./stores-child.ts";
import { until } from "./until.ts";

const WITHIN_MS = 1_000;
/** Long enough that no deadline ends anything before close() does. */
const options = { commandTimeoutMs: 30_000, connectTimeoutMs: 30_000 };

/** Registers the tests. */
export function closingSuite<Client>(provider: ClientProvider<Client>): void {
  const childScene = async (atEnd: AtEnd): Promise<{ scene: Scene; child: StoresChild }> => {
    const scene = connectionScene(provider, atEnd);
    return { scene, child: await scene.owned(Promise.resolve(startStoresChild(provider))) };
  };
  const closesAndEnds = async (child: StoresChild, expect: ExpectStatic) => {
    const { code, tookMs } = await child.close();
    expect(code).toBe("ok");
    expect(tookMs).toBeLessThan(WITHIN_MS);
    const ended = await child.end();
    expect({ status: ended.status, warnings: ended.warnings }).toEqual({ status: 0, warnings: "" });
    expect(ended.tookMs).toBeLessThan(WITHIN_MS);
  };

  describe.concurrent(`${provider.name} closes`, () => {
    it.for([{ tls: false }, { tls: true }])(
      "while the first connection is made to a silent port, TLS: $tls",
      async ({ tls }, { expect, onTestFinished }) => {
        const { scene, child } = await childScene(onTestFinished);
        const silent = await scene.owned(startNetProxy());
        silent.silence();
        await child.open({ host: silent.host, port: silent.port, tls }, options);
        await until(async () => silent.open() > 0);
        await closesAndEnds(child, expect);
        await until(async () => silent.open() === 0, { withinMs: WITHIN_MS });
      },
    );

    it("while TCP itself is not answered", async ({ expect, onTestFinished }) => {
      const { scene, child } = await childScene(onTestFinished);
      const { host, port } = await unanswering(scene);
      await child.open({ host, port }, options);
      await child.startWaiting();
      await closesAndEnds(child, expect);
    });

    it("while nothing listens", async ({ expect, onTestFinished }) => {
      const { scene, child } = await childScene(onTestFinished);
      const refused = await scene.owned(startNetProxy());
      refused.refuse();
      await child.open({ host: refused.host, port: refused.port }, { commandTimeoutMs: 100, connectTimeoutMs: 100 });
      await child.callAndPing();
      await closesAndEnds(child, expect);
    });

    it("while a call of its own polls a frozen server", async ({ expect, onTestFinished }) => {
      const { scene, child } = await childScene(onTestFinished);
      const redis = await scene.owned(startRedis());
      await child.open({ url: redis.url }, options);
      await child.callAndPing();
      await redis.kill("SIGSTOP");
      await child.startWaiting();
      await closesAndEnds(child, expect);
    });

    it("the one connection with the last of the three stores", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      const redis = await scene.owned(startRedis());
      const { rateLimits, sessions, verifications } = await scene.connected({ url: redis.url });
      const others = async () => (await connectionsOf(redis)).length;
      expect(await others()).toBe(1);
      await verifications.close();
      await rateLimits.close();
      expect(await sessions.get("no such session")).toBeNull();
      expect(await others()).toBeGreaterThan(0);
      await sessions.close();
      await until(async () => (await others()) === 0, { withinMs: WITHIN_MS });
      await scene.opened({ url: redis.url }).rateLimits.consume(check);
    });
  });
}

/** How many connections the server has. The one that asks it is left out. */
async function connectionsOf(redis: RunningRedis): Promise<string[]> {
  const lines = String(await redis.command("CLIENT", "LIST"))
    .trim()
    .split("\n");
  return lines.filter((line) => !line.includes("cmd=client"));
}

/** A port where connections are neither accepted nor refused: a frozen program's, with no room for more of them. */
async function unanswering({ owned }: Scene): Promise<RunningRedis> {
  const redis = await owned(startRedis({ config: ["tcp-backlog 1"] }));
  await redis.kill("SIGSTOP");
  const fillers: Socket[] = [];
  await owned(Promise.resolve({ close: async () => void fillers.map((socket) => socket.destroy()) }));
  for (;;) {
    const filler = connect(redis.port, redis.host);
    filler.on("error", () => {});
    fillers.push(filler);
    const isAccepted = await Promise.race([once(filler, "connect").then(() => true), delay(300, false)]);
    if (!isAccepted) return redis;
  }
}
