// One server that falls silent, goes away or comes back: calls settle within their deadline, and work again soon after.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type AtEnd, check, connectionScene, failureOf, outcomeOf, SLACK_MS, worksAgain } from "./connection-scene.ts";
import { isRedis7OrNewer } from "./find-server.ts";
import { startNetProxy } from "./net-proxy.ts";
import { redisCommand } from "./resp-command.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { until } from "./until.ts";

/** A fault lasts so long: several deadlines, and several attempts to connect. */
const FAULT_MS = 3_000;
const commandTimeoutMs = 500;

/** Registers the tests. */
export function recoverySuite<Client>(provider: ClientProvider<Client>): void {
  let redis: RunningRedis;
  const behindProxy = async (atEnd: AtEnd) => {
    const scene = connectionScene(provider, atEnd);
    const proxy = await scene.owned(startNetProxy(redis));
    const stores = await scene.connected({ host: proxy.host, port: proxy.port }, { commandTimeoutMs });
    return { ...scene, proxy, stores };
  };
  /** Calls one after the other until the fault has lasted its time. */
  const failuresDuringFault = async (call: () => Promise<unknown>) => {
    const [failures, endMs] = [[await failureOf(call())], performance.now() + FAULT_MS];
    while (performance.now() < endMs) failures.push(await failureOf(call()));
    return failures;
  };

  describe.concurrent(`${provider.name} recovers`, () => {
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    it("from connections that freeze while new ones work", async ({ expect, onTestFinished }) => {
      const { proxy, stores, heard } = await behindProxy(onTestFinished);
      const messages = heard(proxy);
      proxy.freeze();
      const lost = await failureOf(stores.rateLimits.consume(check));
      expect(lost).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
      expect(lost.tookMs).toBeLessThan(commandTimeoutMs + SLACK_MS);
      await worksAgain(stores, 1_500);
      expect(proxy.accepted()).toBeLessThanOrEqual(3);
      expect(messages.map(({ event }) => event)).toEqual(["given-up", "connecting", "reconnected"]);
    });

    it("from a port that accepts and stays silent, and tries it at a bounded rate", async ({
      expect,
      onTestFinished,
    }) => {
      const { proxy, stores } = await behindProxy(onTestFinished);
      proxy.silence({ established: true });
      const [first, ...later] = await failuresDuringFault(() => stores.rateLimits.consume(check));
      expect(first?.outcome).toBe("unknown");
      for (const { outcome, message, tookMs } of later) {
        expect({ outcome, message }).toEqual({
          outcome: "not-applied",
          message: expect.stringMatching(/silent|stopped/),
        });
        expect(tookMs).toBeLessThan(commandTimeoutMs + SLACK_MS);
      }
      expect(proxy.accepted()).toBeGreaterThan(1);
      expect(proxy.accepted()).toBeLessThanOrEqual(6);
      proxy.speak();
      await worksAgain(stores, 1_500);
      await until(async () => proxy.open() === 1);
    });

    it("where the port has been silent from the start", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      const proxy = await scene.owned(startNetProxy(redis));
      proxy.silence();
      const stores = scene.opened({ host: proxy.host, port: proxy.port }, { commandTimeoutMs });
      const told = await failureOf(stores.rateLimits.consume(check));
      expect(told).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
      expect(told.tookMs).toBeLessThan(commandTimeoutMs + SLACK_MS);
      proxy.speak();
      await worksAgain(stores, 1_500);
    });

    it("where the port is refused and later back, and tries it at a bounded rate", async ({
      expect,
      onTestFinished,
    }) => {
      const { proxy, stores, heard } = await behindProxy(onTestFinished);
      const messages = heard(proxy);
      proxy.refuse();
      proxy.cut("rst");
      await until(async () => messages.some(({ event }) => event === "lost"));
      const failures = await failuresDuringFault(() => stores.rateLimits.consume(check));
      for (const { outcome, message, tookMs } of failures) {
        expect({ outcome, message }).toEqual({
          outcome: "not-applied",
          message: expect.stringContaining("ECONNREFUSED"),
        });
        expect(tookMs).toBeLessThan(commandTimeoutMs + SLACK_MS);
      }
      const attempts = messages.filter(({ event }) => event === "connecting").length;
      expect(attempts).toBeGreaterThan(2);
      expect(attempts).toBeLessThanOrEqual(10);
      await proxy.accept();
      await worksAgain(stores, 2_000);
    });

    it("from replies later than the deadline, on the same connection", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      const slow = await scene.owned(startRedis());
      const proxy = await scene.owned(startNetProxy(slow));
      const stores = await scene.connected({ host: proxy.host, port: proxy.port }, { commandTimeoutMs });
      const ids = async () => {
        const lines = String(await slow.command("CLIENT", "LIST"))
          .trim()
          .split("\n");
        return lines.filter((line) => !line.includes("cmd=client")).map((line) => /\bid=(\d+)/.exec(line)?.[1]);
      };
      const before = await ids();
      const messages = scene.heard(proxy);
      proxy.delay(commandTimeoutMs * 1.6);
      const lost = await failureOf(stores.rateLimits.consume(check));
      expect(lost).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
      await until(async () => messages.some(({ event }) => event === "reconnected"), { withinMs: 1_500 });
      proxy.delay(0);
      await worksAgain(stores, 1_500);
      await until(async () => proxy.open() === 1);
      expect(await ids()).toEqual(before);
      expect(messages.map(({ event }) => event)).toEqual(expect.arrayContaining(["given-up", "reconnected"]));
    });

    it("where the name leads to a promoted node and the connection is left on a replica: no call fails", async ({
      expect,
      onTestFinished,
    }) => {
      const scene = connectionScene(provider, onTestFinished);
      const [former, promoted] = await Promise.all([scene.owned(startRedis()), scene.owned(startRedis())]);
      const proxy = await scene.owned(startNetProxy(former));
      const stores = await scene.connected({ host: proxy.host, port: proxy.port }, { commandTimeoutMs: 2_000 });
      proxy.retarget(promoted);
      await former.command("REPLICAOF", promoted.host, String(promoted.port));
      const calls = Array.from({ length: 20 }, (_, index) =>
        outcomeOf(stores.verifications.markOnce(`${index}`, { token: "t", fingerprint: "f", retainUntilMs: 0 })),
      );
      expect((await Promise.all(calls)).filter((outcome) => outcome !== "ok")).toEqual([]);
      expect(Number(await promoted.command("DBSIZE"))).toBe(20);
      expect(proxy.accepted()).toBe(2);
    });

    it("while a server loads its data: calls wait for it within their deadline", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      // 4,000 keys, half a millisecond each; it answers meanwhile.
      // Redis 6.2 does not let itself be configured to answer in between, so there its data must be more.
      const isNewer = await isRedis7OrNewer();
      const slowly = ["key-load-delay 500", ...(isNewer ? ["loading-process-events-interval-bytes 1024"] : [])];
      const filler = isNewer ? "x" : "x".repeat(16_000);
      const loading = await scene.owned(startRedis({ config: slowly }));
      await loading.command("CONFIG", "SET", "rdbcompression", "no");
      const filling = "for i = 1, 4000 do redis.call('SET', 'filler:' .. i, ARGV[1]) end";
      await loading.command("EVAL", filling, "0", filler);
      await loading.command("SAVE");
      const stores = await scene.connected({ url: loading.url }, { commandTimeoutMs: 8_000 });
      const hasty = await scene.connected({ url: loading.url }, { commandTimeoutMs: 800 });
      const restarted = loading.restart();
      await until(() =>
        redisCommand(loading, "PING").then(
          () => false,
          (error: unknown) => String(error).includes("LOADING"),
        ),
      );
      const waited = outcomeOf(stores.rateLimits.consume(check));
      expect(await failureOf(hasty.rateLimits.consume(check))).toMatchObject({
        code: "STORE_UNAVAILABLE",
        outcome: "not-applied",
        message: expect.stringContaining("still loading"),
      });
      await restarted;
      expect(await waited).toBe("ok");
      await worksAgain(hasty, 1_500);
    });

    it("from three seconds of SIGSTOP: what was not sent says so, and nothing is sent later", async ({
      expect,
      onTestFinished,
    }) => {
      const scene = connectionScene(provider, onTestFinished);
      const frozen = await scene.owned(startRedis());
      const stores = await scene.connected({ url: frozen.url }, { commandTimeoutMs });
      await frozen.kill("SIGSTOP");
      const [first, ...later] = await failuresDuringFault(() => stores.rateLimits.consume(check));
      await frozen.kill("SIGCONT");
      for (const { tookMs } of [first, ...later].flatMap((each) => each ?? [])) {
        expect(tookMs).toBeLessThan(commandTimeoutMs + SLACK_MS);
      }
      expect(first?.outcome).toBe("unknown");
      expect(later.map(({ outcome }) => outcome)).toEqual(later.map(() => "not-applied"));
      const used = async () => check.policy.limit - (await stores.rateLimits.peek(check)).remaining;
      let usedOnce = 0;
      await until(
        async () => {
          usedOnce = await used().catch(() => -1);
          return usedOnce >= 0;
        },
        { withinMs: 1_500 },
      );
      expect(usedOnce).toBeLessThanOrEqual(1);
      await stores.rateLimits.consume(check);
      expect(await used()).toBe(usedOnce + 1);
    });
  });
}
