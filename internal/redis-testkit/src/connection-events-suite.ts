// The turns of a connection on the telemetry channel: each is told, with the server before and after, and without secrets.
import type { ConnectionMessage } from "@tollbooth-stores/core";
import { describe, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { check, connectionScene, failureOf, worksAgain } from "./connection-scene.ts";
import { startNetProxy } from "./net-proxy.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { until } from "./until.ts";

const username = "a-payments-user";
const password = "a-payments-password";

/** Registers the tests. */
export function connectionEventsSuite<Client>(provider: ClientProvider<Client>): void {
  const events = (messages: readonly ConnectionMessage[]) => messages.map(({ event }) => event);

  describe.concurrent(`${provider.name} tells of its connections`, () => {
    it("that the first is made", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      const redis = await scene.owned(startRedis());
      const server = `${redis.host}:${redis.port}`;
      const messages = scene.heard(redis);
      const stores = await scene.connected({ url: redis.url });
      const after = { runId: await runIdOf(redis), role: "master", version: expect.any(String) };
      const about = { provider: provider.name, server, connection: expect.any(Number) };
      // A busy machine's first attempt may take so long that another is made beside it.
      const attempts = messages.splice(0, messages.length - 1);
      for (const attempt of attempts) expect(attempt).toEqual({ ...about, purpose: "commands", event: "connecting" });
      expect(attempts.length).toBeGreaterThan(0);
      const [ready] = messages;
      expect(ready).toEqual({ ...about, purpose: "commands", event: "ready", after: expect.objectContaining(after) });
      await stores.close();
      const number = ready?.connection;
      expect(messages.slice(1)).toEqual([{ ...about, purpose: "commands", event: "closed", connection: number }]);
      expect(new Set(attempts.map(({ connection }) => connection))).toEqual(new Set([number]));
    });

    it("that it was lost and made again, and that the server is another one after a restart", async ({
      expect,
      onTestFinished,
    }) => {
      const scene = connectionScene(provider, onTestFinished);
      const redis = await scene.owned(startRedis());
      const stores = await scene.connected({ url: redis.url });
      const [messages, before] = [scene.heard(redis), await runIdOf(redis)];
      await redis.kill("SIGKILL");
      await until(async () => events(messages).filter((event) => event === "connecting").length > 1);
      await redis.restart();
      await worksAgain(stores, 3_000);
      const after = await runIdOf(redis);
      expect(after).not.toBe(before);
      const [first, ...attempts] = messages;
      const [reconnected, changed] = attempts.splice(-2);
      expect(first).toMatchObject({ event: "lost", reason: expect.stringMatching(/^(closed|ECONNRESET)$/) });
      expect(first?.before?.runId).toBe(before);
      expect(new Set(events(attempts))).toEqual(new Set(["connecting"]));
      expect(attempts.at(-1)?.reason).toBe("ECONNREFUSED");
      const change = { before: { runId: before }, after: { runId: after }, downMs: expect.any(Number) };
      expect(reconnected).toMatchObject({ event: "reconnected", ...change });
      expect(changed).toMatchObject({ event: "server-changed", ...change });
    });

    it("that a silent one was given up, and that the server is the same one as before", async ({
      expect,
      onTestFinished,
    }) => {
      const scene = connectionScene(provider, onTestFinished);
      const redis = await scene.owned(startRedis());
      const proxy = await scene.owned(startNetProxy(redis));
      const stores = await scene.connected({ host: proxy.host, port: proxy.port }, { commandTimeoutMs: 300 });
      const messages = scene.heard(proxy);
      proxy.freeze();
      await failureOf(stores.rateLimits.consume(check));
      await worksAgain(stores, 1_500);
      expect(events(messages)).toEqual(["given-up", "connecting", "reconnected"]);
      const [givenUp, , reconnected] = messages;
      expect(givenUp?.reason).toBe("no answer");
      expect(reconnected?.before?.runId).toBe(await runIdOf(redis));
      expect(reconnected?.after).toEqual(reconnected?.before);
    });

    it("that it led to a replica, and which data set it leads to now", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      const [former, promoted] = await Promise.all([scene.owned(startRedis()), scene.owned(startRedis())]);
      const proxy = await scene.owned(startNetProxy(former));
      const stores = await scene.connected({ host: proxy.host, port: proxy.port });
      const messages = scene.heard(proxy);
      proxy.retarget(promoted);
      await former.command("REPLICAOF", promoted.host, String(promoted.port));
      await worksAgain(stores, 3_000);
      expect(events(messages)).toEqual(["given-up", "connecting", "reconnected", "server-changed"]);
      expect(messages[0]?.reason).toBe("read-only replica");
      expect(messages[3]?.after?.runId).toBe(await runIdOf(promoted));
      expect(messages[3]?.after?.replicationId).not.toBe(messages[3]?.before?.replicationId);
    });

    it("without the user's name and password, also where both are refused", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      const redis = await scene.owned(startRedis({ users: { [username]: `on >${password} ~* &* +@all` } }));
      const messages = scene.heard();
      const url = (login: string) => `redis://${login}@${redis.host}:${redis.port}`;
      const stores = await scene.connected({ url: url(`${username}:${password}`) });
      await stores.verifications.wait("key", { timeoutMs: 10 });
      await failureOf(scene.opened({ url: url(`${username}:not-${password}`) }).ping());
      await redis.restart();
      await worksAgain(stores, 5_000);
      await until(async () => messages.some(({ reason }) => reason === "WRONGPASS"));
      expect(messages.some(({ event }) => event === "server-changed")).toBe(true);
      expect(JSON.stringify(messages)).not.toContain(username);
      expect(JSON.stringify(messages)).not.toContain(password);
    });
  });
}

async function runIdOf(redis: RunningRedis): Promise<string | undefined> {
  return /^run_id:(\w+)/m.exec(String(await redis.command("INFO", "server")))?.[1];
}
