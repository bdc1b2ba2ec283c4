// The doctor as a command and as a function, against good servers and broken ones.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadStores } from "@tollbooth-stores/config";
import { payOnce } from "@tollbooth-stores/core";
import { type RedisOptions, type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { examine } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));
const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

interface Ran {
  status: number;
  out: string;
  err: string;
}

function doctor(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env }, timeout: 15_000 };
    execFile(process.execPath, [program, ...args], options, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function started(options: RedisOptions): Promise<RunningRedis> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

const good: RedisOptions = {
  requirepass: "hunter2",
  maxmemory: "64mb",
  config: ["appendonly yes", "appendfsync everysec"],
};

it("is content with a server that is set up for payments", async () => {
  const redis = await started(good);
  const { status, out, err } = await doctor(["--url", redis.url]);
  expect([status, err]).toEqual([0, ""]);
  expect(out).toMatch(/^0 errors, 0 warnings/m);
  expect(out).not.toContain("hunter2");
});

it("fails the Compose sample of the document by name", async () => {
  const sample = readFileSync(new URL("fixtures/compose-from-the-document.yaml", import.meta.url), "utf8");
  const [, ...flags]: string[] = parse(sample).services.redis.command;
  const lines = flags
    .join(" ")
    .split("--")
    .flatMap((flag) => (flag.trim() === "" ? [] : [flag.trim()]));
  expect(lines).toEqual(["appendonly yes", "maxmemory-policy allkeys-lru"]);
  const redis = await started({ config: lines });
  writeFileSync(
    join(folder, "tollbooth.config.yaml"),
    `stores:\n  provider: redis\n  redis:\n    url: \${REDIS_URL}\n`,
  );
  const { status, out } = await doctor([], { REDIS_URL: redis.url });
  expect(status).toBe(1);
  expect(out).toMatch(/^ERROR {4}eviction .*allkeys-lru.*of 200 replay markers/im);
  expect(out).toMatch(/-> CONFIG SET maxmemory-policy noeviction/);
});

it("gives JSON of the same findings", async () => {
  const redis = await started({ ...good, config: ["maxmemory-policy volatile-lru"] });
  const { status, out } = await doctor(["--url", redis.url, "--json", "--client", "redis"]);
  expect(status).toBe(1);
  const { findings, payments } = JSON.parse(out);
  expect(findings[0]).toMatchObject({ level: "error", provider: "node-redis", stores: expect.any(Array) });
  expect(payments).toEqual({ inDoubt: 0, owed: 0, oldestMs: 0 });
});

it("looks at each connection for the stores that are on it", async () => {
  const [money, limits] = [await started(good), await started({ ...good, config: ["maxmemory-policy allkeys-lru"] })];
  const config = {
    stores: { provider: "ioredis", ioredis: { url: money.url }, rateLimits: { url: limits.url } },
  };
  const { findings } = await examine({ config, env: {} });
  expect(findings.filter(({ level }) => level === "error")).toEqual([]);
  expect(findings).toContainEqual(
    expect.objectContaining({ check: "eviction", level: "warning", stores: ["rateLimits"] }),
  );
  expect(findings).toContainEqual(
    expect.objectContaining({ check: "eviction", level: "ok", stores: ["sessions", "verifications"] }),
  );
});

it("says of stores in memory that no other instance sees them", async () => {
  const { findings } = await examine({ config: { stores: {} } });
  expect(findings.filter(({ check }) => check === "sharing").map(({ level }) => level)).toEqual(
    Array(3).fill("warning"),
  );
});

it("ends with status 2 and words where there is no Redis, where one is silent, and for a wrong configuration", async () => {
  const web = createServer((socket) =>
    socket.on("error", () => {}).on("data", () => socket.end("HTTP/1.1 400\r\n\r\n")),
  );
  web.listen(0, "127.0.0.1");
  onTestFinished(() => void web.close());
  await once(web, "listening");
  const address = web.address();
  const silent = await started({});
  await silent.kill("SIGSTOP");
  onTestFinished(() => silent.kill("SIGCONT"));
  writeFileSync(join(folder, "wrong.yaml"), "stores:\n  provder: redis\n");
  const results = await Promise.all([
    doctor(["--url", "redis://127.0.0.1:1"]),
    doctor(["--url", `redis://127.0.0.1:${typeof address === "object" ? address?.port : 0}`]),
    doctor(["--url", silent.url]),
    doctor(["--config", "wrong.yaml"]),
    doctor(["--config", "absent.yaml"]),
    doctor(["--url", "redis://u:p@ss@h"]),
    doctor(["--frobnicate"]),
  ]);
  for (const { status, out, err } of results) {
    expect([status, `${out}${err}`]).toEqual([2, expect.stringMatching(/\w{10}/)]);
    expect(err).not.toMatch(/^\s+at /m);
  }
});

it("lists the payments in doubt, and resolves one that it lists", async () => {
  const redis = await started(good);
  const stores = await loadStores(
    { stores: { provider: "redis", redis: { url: redis.url } } },
    { env: {}, onWarning() {} },
  );
  onTestFinished(() => stores.close());
  await stores.ping();
  const payment = {
    ...{ key: "k", payloadHash: "h", fingerprint: "f", reference: '{"nonce":"0x1"}' },
    validUntilMs: Date.now() + 60_000,
  };
  const paid = await payOnce(stores.verifications, payment, {
    verify: async () => ({ ok: true }),
    serve: async () => "answer",
    settle: async ({ note }) => {
      await note("0xabc");
      throw new Error("The reply was lost.");
    },
    findSettlement: async () => "unknown",
  });
  expect(paid.status).toBe("pending");
  const { out } = await doctor(["payments", "list", "--json", "--url", redis.url]);
  const [listed] = JSON.parse(out);
  expect(listed).toMatchObject({ kind: "in-doubt", evidence: "0xabc", reference: '{"nonce":"0x1"}' });
  const resolve = (handle: string) => doctor(["payments", "resolve", handle, "--receipt", "0xabc", "--url", redis.url]);
  expect(await resolve("mistyped")).toMatchObject({ status: 1, out: expect.stringContaining("unknown handle") });
  expect(await resolve(listed.handle)).toMatchObject({ status: 0, out: expect.stringContaining("done") });
  expect((await stores.verifications.peek("p:k")).status).toBe("settled");
});
