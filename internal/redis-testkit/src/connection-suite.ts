// What holds for every provider's connections, on real servers: made, refused, lost, and closed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isStoreError, type Stores } from "@tollbooth-stores/core";
import type { RedisConnection, RedisStoreOptions } from "@tollbooth-stores/redis-protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { startFaultProxy } from "./fault-proxy.ts";
import type { SharedRedis } from "./global-setup.ts";
import { requirementsSuite } from "./requirements-suite.ts";
import { redisCommand } from "./resp-command.ts";
import { type RedisOptions, startRedis } from "./start-redis.ts";
import { startSentinel } from "./start-sentinel.ts";
import { startTlsRedis } from "./start-tls-redis.ts";
import { until } from "./until.ts";

const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "fixed-window", limit: 100, windowMs: 60_000 },
} as const;

/** Registers the tests. */
export function connectionSuite<Client>(provider: ClientProvider<Client>, shared: SharedRedis): void {
  const { name, module, create } = provider;
  const factory = create.stores.name;
  let prefixes = 0;
  const opened = (connection: RedisConnection, options: RedisStoreOptions = {}): Stores => {
    prefixes += 1;
    const stores = create.stores({
      connection,
      keyPrefix: `connections-${process.pid}-${prefixes}`,
      // A busy machine's first TLS connection takes its time; tests of deadlines set their own.
      commandTimeoutMs: 5_000,
      ...options,
    });
    onTestFinished(() => stores.close());
    return stores;
  };
  const server = async (options: RedisOptions = {}) => {
    const redis = await startRedis(options);
    onTestFinished(() => redis.stop());
    return redis;
  };
  const failure = async (work: Promise<unknown>): Promise<{ code: string; outcome: string; message: string }> => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!isStoreError(error)) throw new Error(`No StoreError: ${String(error)}`);
    return { code: error.code, outcome: error.outcome, message: error.message };
  };
  const { single, tls } = shared;
  const unavailable = (message: string, outcome = "not-applied") => ({
    code: "STORE_UNAVAILABLE",
    outcome,
    message: expect.stringContaining(message),
  });

  requirementsSuite(provider);

  describe(`connections of ${name}`, () => {
    it("takes host and port, a database, TLS and a user in either form", async () => {
      const { host, port, username, password, ca } = tls;
      await opened({ host: single.host, port: single.port, db: 3 }).rateLimits.consume(check);
      await opened({ host, port, username, password, tls: { ca } }).rateLimits.consume(check);
      await opened({ url: tls.url, tls: { ca } }).ping();
      expect(String(await redisCommand(single, "INFO", "keyspace"))).toContain("db3:keys=");
    });

    it.each([
      [{ host: "" }, "`connection.host`"],
      [{ host: "redis://localhost" }, "`connection.host`"],
      [{ host: "localhost", port: 70_000 }, "`connection.port`"],
      [{ host: "localhost", db: -1 }, "`connection.db`"],
      [{ host: "localhost", username: "u" }, "`connection.password`"],
      [{ url: "redis://:%zz@localhost" }, "percent-encoded"],
      [{ url: "redis://user:p@ss@localhost" }, "percent-encoded"],
      [{ url: "redis://user:pass/word@localhost" }, "percent-encoded"],
      [{ url: "redis://localhost?family=6" }, "no ? or #"],
      [{ url: "redis://localhost", tls: {} }, "rediss://"],
      [{ cluster: [] }, "`connection.cluster`"],
      [{ sentinel: { name: "", nodes: [{ host: "localhost" }] } }, "`connection.sentinel.name`"],
    ] satisfies [RedisConnection, string][])("refuses the description %j", (connection, word) => {
      expect(() => opened(connection)).toThrow(
        expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining(word) }),
      );
    });

    it("opens nothing where an option is wrong", async () => {
      const redis = await server();
      expect(() => opened({ url: redis.url }, { commandTimeoutMs: 0 })).toThrow("commandTimeoutMs");
      await opened({ url: redis.url }).ping();
      const clients = String(await redis.command("CLIENT", "LIST"))
        .trim()
        .split("\n");
      expect(clients.length).toBeLessThanOrEqual(2);
    });

    it("says that a certificate is not trusted, and by which option it would be", async () => {
      const stranger = await startTlsRedis();
      onTestFinished(() => stranger.stop());
      for (const trusted of [{ tls: { ca: tls.ca } }, {}]) {
        const stores = opened({ url: stranger.url, ...trusted });
        expect(await failure(stores.rateLimits.consume(check))).toEqual(unavailable("`tls.ca`"));
      }
    });

    it("says that the server speaks no TLS", async () => {
      const connection = { host: single.host, port: single.port, tls: true };
      const said = await failure(opened(connection, { commandTimeoutMs: 500 }).rateLimits.consume(check));
      expect(said).toEqual(unavailable("No connection to Redis"));
    });

    it.each([
      // Told at once: it takes a busy machine some time, but never the whole deadline.
      ["answers like a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", "not a Redis", 3_000],
      ["says nothing", "", "No connection to Redis", 300],
    ])("says what is wrong where something else %s", async (_, greeting, word, commandTimeoutMs) => {
      const listener = createServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", () => socket.write(greeting));
      }).listen(0, "127.0.0.1");
      onTestFinished(() => void listener.close());
      await new Promise((resolve) => listener.once("listening", resolve));
      const address = listener.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      const startMs = performance.now();
      const stores = opened({ host: "127.0.0.1", port }, { commandTimeoutMs });
      expect(await failure(stores.rateLimits.consume(check))).toEqual(unavailable(word));
      expect(performance.now() - startMs).toBeLessThan(commandTimeoutMs + 500);
    });

    it("says that a server is a read-only replica", async () => {
      const replica = await server({ config: [`replicaof ${single.host} ${single.port}`] });
      await until(async () => String(await replica.command("INFO", "replication")).includes("master_link_status:up"));
      expect(await failure(opened({ url: replica.url }).rateLimits.consume(check))).toEqual(unavailable("replica"));
    });

    it("waits for a server that comes up within the deadline, and for the first connection in ping for longer", async () => {
      const redis = await server();
      await redis.kill("SIGKILL");
      const early = opened({ url: redis.url }, { commandTimeoutMs: 200, connectTimeoutMs: 8_000 });
      expect(await failure(early.rateLimits.consume(check))).toEqual(unavailable("No connection"));
      const ping = early.ping();
      await redis.restart();
      await ping;
      expect((await early.rateLimits.consume(check)).remaining).toBe(99);
    });

    it("finds the primary that sentinels name, and again after its connections were killed", async () => {
      const redis = await server();
      const sentinel = await startSentinel(redis);
      onTestFinished(() => sentinel.stop());
      const { host, port } = sentinel;
      const connection = { sentinel: { name: sentinel.name, nodes: [{ host, port }] }, db: 1 };
      const stores = opened(connection, { commandTimeoutMs: 5_000 });
      await stores.rateLimits.consume(check);
      await redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await until(() =>
        stores.ping().then(
          () => true,
          () => false,
        ),
      );
      expect((await stores.rateLimits.consume(check)).remaining).toBe(98);
      expect(String(await redis.command("INFO", "keyspace"))).toContain("db1:keys=1");
    });

    it("goes on after its connections were killed", async () => {
      const redis = await server();
      const stores = opened({ url: redis.url }, { commandTimeoutMs: 3_000 });
      for (let round = 1; round <= 3; round += 1) {
        expect((await stores.rateLimits.consume(check)).remaining).toBe(100 - round);
        await redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        // What is on its way just then may be lost; the call after it may not.
        await stores.ping().catch(() => undefined);
      }
    });

    it("sends nothing twice: a call whose reply is lost counts once, and says that its outcome is unknown", async () => {
      const proxy = await startFaultProxy(single);
      onTestFinished(() => proxy.close());
      const stores = opened({ host: "127.0.0.1", port: proxy.port });
      await stores.rateLimits.consume(check);
      const before = proxy.passed("evalsha");
      proxy.loseReplyOnce();
      const startMs = performance.now();
      const lost = await failure(stores.rateLimits.consume(check));
      expect(lost).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
      expect(performance.now() - startMs).toBeLessThan(400);
      await stores.ping();
      expect((await stores.rateLimits.peek(check)).remaining).toBe(98);
      expect(proxy.passed("evalsha") - before).toBe(3);
    });

    it("keeps back what a frozen server does not take, and never sends it later", async () => {
      const redis = await server();
      const stores = opened({ url: redis.url }, { commandTimeoutMs: 500 });
      await stores.ping();
      await redis.kill("SIGSTOP");
      // Far more than the system's buffers hold.
      const data = "x".repeat(60_000);
      const outcomes = await Promise.all(
        Array.from({ length: 400 }, async () => {
          const { outcome } = await failure(stores.sessions.create({ data, idleTtlMs: 60_000 }));
          return outcome;
        }),
      );
      await redis.kill("SIGCONT");
      await until(() =>
        stores.ping().then(
          () => true,
          () => false,
        ),
      );
      const arrived = Number(await redis.command("DBSIZE"));
      const unknown = outcomes.filter((outcome) => outcome === "unknown").length;
      expect(unknown).toBeGreaterThan(0);
      expect(unknown).toBeLessThan(400);
      expect(arrived).toBeLessThanOrEqual(unknown);
      // What the system's buffers of both ends took, some megabytes of the 24.
      expect(arrived).toBeLessThan(200);
    });

    it("wakes a waiter of another instance soon", async () => {
      const options = { keyPrefix: `connections-${process.pid}-waits` };
      const [one, other] = [opened({ url: single.url }, options), opened({ url: single.url }, options)];
      const request = { fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
      const claim = await one.verifications.claim("key", { token: "t", ...request });
      if (claim.status !== "claimed") throw new Error("not claimed");
      const waited = other.verifications.wait("key", { timeoutMs: 10_000 });
      await delay(100);
      const startMs = performance.now();
      await one.verifications.complete("key", claim.lease, { outcome: "accepted", value: "v", retainUntilMs: 0 });
      await waited;
      expect(performance.now() - startMs).toBeLessThan(1_000);
    });

    it("closes all that it opened", async () => {
      const redis = await server();
      const stores = opened({ url: redis.url });
      await stores.verifications.wait("key", { timeoutMs: 50 });
      await stores.ping();
      await stores.close();
      await stores.close();
      const count = async () =>
        String(await redis.command("CLIENT", "LIST"))
          .trim()
          .split("\n").length;
      await until(async () => (await count()) === 1);
    });

    it("answers a call that waits for a connection at once when the stores are closed, and says that they are", async () => {
      const stores = opened({ host: "127.0.0.1", port: 1 });
      const waiting = failure(stores.rateLimits.consume(check));
      const startMs = performance.now();
      await stores.close();
      expect(await waiting).toMatchObject({ code: "STORE_CLOSED", outcome: "not-applied" });
      expect(performance.now() - startMs).toBeLessThan(900);
    });

    it("neither crashes the process nor keeps it alive: a server dies, calls fail, close, and it ends by itself", async () => {
      const redis = await server();
      const script = `
        const stores = (await import(${JSON.stringify(module)}))[${JSON.stringify(factory)}]({
          connection: { url: ${JSON.stringify(redis.url)} },
        });
        const call = () => stores.rateLimits.consume(${JSON.stringify(check)}).then(() => "ok", ({ code }) => code);
        const waiting = stores.verifications.wait("key", { timeoutMs: 300 });
        await stores.ping();
        console.log(await call());
        await new Promise((resolve) => process.stdin.once("data", resolve));
        process.stdin.destroy();
        await waiting;
        console.log(await call());
        await stores.close();
        console.log("closed");`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        cwd: dirname(fileURLToPath(module)),
        stdio: ["pipe", "pipe", "inherit"],
      });
      const said: string[] = [];
      for await (const line of createInterface(child.stdout)) {
        said.push(line);
        if (said.length > 1) continue;
        await redis.kill("SIGKILL");
        child.stdin.write("it is gone\n");
      }
      const status = child.exitCode ?? (await once(child, "exit"))[0];
      expect([...said, status]).toEqual(["ok", "STORE_UNAVAILABLE", "closed", 0]);
    });

    it("closes at once though the server is frozen or gone", async () => {
      const redis = await server();
      const [frozen, gone] = [
        opened({ url: redis.url }, { commandTimeoutMs: 500 }),
        opened({ url: "redis://127.0.0.1:1" }),
      ];
      await frozen.ping();
      await redis.kill("SIGSTOP");
      const pending = failure(frozen.rateLimits.consume(check));
      // The call is on its way by then.
      await new Promise((resolve) => setTimeout(resolve, 20));
      const startMs = performance.now();
      await Promise.all([frozen.close(), gone.close()]);
      expect(performance.now() - startMs).toBeLessThan(900);
      expect(await pending).toMatchObject({ code: "STORE_UNAVAILABLE" });
    });
  });
}
