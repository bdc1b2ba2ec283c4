// Documents against real servers: the three forms as they are printed, TLS with an ACL user, and each way of being wrong.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isStoreError } from "@tollbooth-stores/core";
import { makeCertificates, redisCommand, startRedis, startTlsRedis } from "@tollbooth-stores/redis-testkit";
import { afterAll, describe, expect, inject, it } from "vitest";
import { loadStores } from "./load-stores.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-real-"));
afterAll(() => rmSync(folder, { recursive: true }));
const { single, tls } = inject("redis");
const caFile = join(folder, "ca.pem");
writeFileSync(caFile, tls.ca);
const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}.yaml`, import.meta.url), "utf8");
const policy = { algorithm: "fixed-window" as const, limit: 5, windowMs: 60_000 };

/** The same document for another client library. */
const forClient = (text: string, provider: string) => text.replaceAll("provider: redis", `provider: ${provider}`);

describe.each([["redis"], ["ioredis"]])("provider %s", (provider) => {
  it.each([
    ["A", "option-a", 3],
    ["B", "option-b", 3],
  ])(
    "form %s, byte for byte but for the client's name: two instances see one state, over one connection each",
    async (_form, name) => {
      const own = await startRedis();
      try {
        const load = () => loadStores(forClient(fixture(name), provider), { env: { REDIS_URL: own.url } });
        await using first = await load();
        await using second = await load();
        await Promise.all([first.ping(), second.ping()]);
        expect(
          String(await own.command("CLIENT", "LIST", "TYPE", "normal"))
            .trim()
            .split("\n"),
        ).toHaveLength(3);

        const check = { route: "GET /data", client: "a payer", policy };
        await first.rateLimits.consume(check);
        expect(await second.rateLimits.consume(check)).toMatchObject({ allowed: true, remaining: 3 });
        const { record } = await first.sessions.create({ data: { plan: "pro" } });
        expect(record.expiresAtMs - record.createdAtMs).toBe(900_000);
        expect((await second.sessions.get(record.id))?.data).toEqual({ plan: "pro" });
        const marker = { fingerprint: "f", retainUntilMs: 0 };
        expect(await first.verifications.markOnce("payment", { ...marker, token: "1" })).toEqual({ status: "marked" });
        expect((await second.verifications.markOnce("payment", { ...marker, token: "2" })).status).toBe(
          "already-marked",
        );

        const keys = String(await own.command("KEYS", "*")).split(",");
        for (const prefix of ["tollbooth:rl:", "tollbooth:sess:", "tollbooth:verify:"]) {
          expect(keys.filter((key) => key.startsWith(prefix)).length).toBeGreaterThan(0);
        }
        expect(keys.filter((key) => !/^tollbooth:(rl|sess|verify):/.test(key))).toEqual([]);
      } finally {
        await own.stop();
      }
    },
  );

  it("form C, byte for byte but for the port and the client's name, against a server that speaks TLS only", async () => {
    const password = "pass#word:'";
    const own = await startTlsRedis({
      users: { default: `on #${createHash("sha256").update(password).digest("hex")} ~* &* +@all` },
    });
    try {
      writeFileSync(join(folder, "own-ca.pem"), own.ca);
      const document = join(folder, `${provider}-c.yaml`);
      writeFileSync(document, forClient(fixture("option-c"), provider).replace("6379", String(own.port)));
      // The system's trusted authorities are read when a process starts: the document names none.
      const program = `
        import { loadStores } from "@tollbooth-stores/config";
        await using stores = await loadStores(${JSON.stringify(document)});
        await stores.ping();
        const { record } = await stores.sessions.create({ data: 1 });
        const lifeMs = record.expiresAtMs - record.createdAtMs;
        console.log(JSON.stringify([lifeMs, await stores.sessions.get(record.id), stores.describe().sessions]));`;
      const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
        cwd: fileURLToPath(new URL("..", import.meta.url)),
        env: {
          ...process.env,
          NODE_EXTRA_CA_CERTS: join(folder, "own-ca.pem"),
          REDIS_HOST: "localhost",
          REDIS_PASSWORD: password,
        },
      });
      expect(JSON.parse(stdout)).toMatchObject([
        900_000,
        { data: 1 },
        { provider, settings: { host: "localhost", password: "***", tls: true, db: 0 } },
      ]);
    } finally {
      await own.stop();
    }
  });

  it("TLS with an authority from a file and an ACL user, by URL and by host", async () => {
    const { username, password } = tls;
    const byHost = { host: tls.host, port: tls.port, username, password, tls: { caFile } };
    const document = {
      stores: { provider, rateLimits: byHost, sessions: byHost, verificationCache: { url: tls.url, tls: { caFile } } },
    };
    await using stores = await loadStores(document, { env: {} });
    await stores.ping();
    const { record } = await stores.sessions.create({ data: 1, idleTtlMs: 60_000 });
    expect((await stores.sessions.get(record.id))?.data).toBe(1);
    expect(await stores.verifications.peek("nothing")).toEqual({ status: "absent" });
  });

  it("uses the database that it is told to", async () => {
    const document = {
      stores: { provider, redis: { host: single.host, port: single.port, db: 7, keyPrefix: provider } },
    };
    await using stores = await loadStores(document, { env: {} });
    await stores.rateLimits.consume({ route: "r", client: "c", policy });
    expect(String(await redisCommand(single, "KEYS", `${provider}:*`))).toBe("");
  });

  describe("says what is wrong, within the deadline and without the password", () => {
    const secret = "hunter2-secret";

    /** What a server says itself takes a busy machine some time; for one that says nothing the deadline is waited for. */
    const [said, silent] = [5_000, 700];

    async function failure(
      connection: Record<string, unknown>,
      commandTimeoutMs: number,
    ): Promise<{ message: string; code: string }> {
      const deadlines = { connectTimeoutMs: commandTimeoutMs + 300, commandTimeoutMs };
      await using stores = await loadStores(
        { stores: { provider, redis: { ...deadlines, ...connection } } },
        { env: {}, onWarning: () => undefined },
      );
      const failing = async (call: Promise<unknown>): Promise<{ message: string; code: string }> => {
        const started = performance.now();
        const error: unknown = await call.then(
          () => new Error("It worked."),
          (thrown: unknown) => thrown,
        );
        if (!isStoreError(error)) throw error;
        expect(performance.now() - started).toBeLessThan(commandTimeoutMs + 800);
        const told = `${error.message} ${error.stack} ${JSON.stringify(error.cause)}`;
        expect(told).not.toContain(secret);
        expect(told).not.toContain("a payment");
        return { message: error.message, code: error.code };
      };
      const failures = await Promise.all([
        failing(stores.ping()),
        failing(stores.verifications.peek("a payment")),
        failing(stores.sessions.get("x")),
      ]);
      // All calls fail alike: none is told "absent".
      expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(["STORE_UNAVAILABLE"]));
      return failures[1] ?? { message: "", code: "" };
    }
    const overTls = { host: tls.host, port: tls.port, username: tls.username };
    const plain = { host: single.host, port: single.port };

    it("a wrong password", async () => {
      const wrong = { ...overTls, password: secret, tls: { caFile } };
      expect((await failure(wrong, said)).message).toMatch(/username.*password/);
    });

    it("no password where one is wanted", async () => {
      const without = { host: tls.host, port: tls.port, tls: { caFile } };
      expect((await failure(without, said)).message).toMatch(/password/);
    });

    it("an authority that did not sign the server's certificate", async () => {
      writeFileSync(join(folder, "other-ca.pem"), (await makeCertificates()).ca);
      const wrong = { ...overTls, password: secret, tls: { caFile: join(folder, "other-ca.pem") } };
      expect((await failure(wrong, said)).message).toMatch(/certificate is not trusted/);
    });

    it("TLS to a server without", async () => {
      expect((await failure({ ...plain, tls: true }, silent)).message).toMatch(/TLS|connection/i);
    });

    it("a database that is not there", async () => {
      expect((await failure({ ...plain, db: 999 }, said)).message).toMatch(/no such database; check `db`/);
    });

    it("no Redis at all", async () => {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      try {
        const port = typeof address === "object" ? address?.port : undefined;
        const { message } = await failure({ host: "127.0.0.1", port }, silent);
        expect(message).toMatch(/not a Redis|url or host|host and port/);
      } finally {
        server.close();
      }
    });

    it("nothing listening", async () => {
      const gone = await startRedis();
      await gone.stop();
      expect((await failure({ host: gone.host, port: gone.port }, silent)).message).toMatch(
        /ECONNREFUSED.*`url`, `host`/,
      );
    });
  });

  it("check() leaves nothing behind, and says why a server refuses writes, while ping() answers", async () => {
    const own = await startRedis();
    try {
      const redis = { url: own.url, commandTimeoutMs: 5_000 };
      await using stores = await loadStores({ stores: { provider, redis } }, { env: {}, onWarning: () => undefined });
      await stores.check();
      expect(String(await own.command("DBSIZE"))).toBe("0");
      const refusals = [
        ["maxmemory", "1", "0", /out of memory/],
        ["min-replicas-to-write", "1", "0", /too few replicas/],
      ] as const;
      for (const [setting, refusing, taking, why] of refusals) {
        await own.command("CONFIG", "SET", setting, refusing);
        await stores.ping();
        await expect(stores.check()).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
          outcome: "not-applied",
          message: expect.stringMatching(why),
        });
        await own.command("CONFIG", "SET", setting, taking);
        await stores.check();
      }
    } finally {
      await own.stop();
    }
  });

  it("onUnavailable: memory keeps limiting while Redis is away; payments fail; and Redis is back by itself", async () => {
    const own = await startRedis();
    try {
      await using stores = await loadStores(
        {
          stores: {
            provider,
            redis: { url: own.url, connectTimeoutMs: 10_000, commandTimeoutMs: 1_000 },
            rateLimits: { ttlSeconds: 60, onUnavailable: "memory" },
          },
        },
        { env: {} },
      );
      const check = { route: "r", client: "c", policy };
      await stores.ping();
      expect(await stores.rateLimits.consume(check)).toMatchObject({ source: "store" });
      await own.kill("SIGKILL");
      expect(await stores.rateLimits.consume(check)).toMatchObject({ allowed: true, source: "fallback" });
      await expect(stores.verifications.peek("k")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await own.restart();
      await expect.poll(async () => (await stores.rateLimits.consume(check)).source, { timeout: 8_000 }).toBe("store");
      expect(await stores.verifications.peek("k")).toEqual({ status: "absent" });
    } finally {
      await own.stop();
    }
  });
});

describe("servers()", () => {
  it.each(["redis", "ioredis"])("of %s: each primary once for each connection, to be asked", async (provider) => {
    const stores = { provider, [provider]: { url: single.url }, rateLimits: { provider: "memory" } };
    await using loaded = await loadStores({ stores }, { env: {}, onWarning() {} });
    const servers = await loaded.servers(5_000);
    expect(servers.map(({ name }) => name)).toEqual([new URL(single.url).host]);
    expect(await servers[0]?.ask("PING")).toBe("PONG");
  });

  it("of memory: none", async () => {
    await using loaded = await loadStores({ stores: {} }, { env: {} });
    expect(await loaded.servers()).toEqual([]);
  });
});
