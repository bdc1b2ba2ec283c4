// The doctor as a command and as a function, against good servers and broken ones.
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { doctor, folder, good, started, withDoubt } from "./doctor.test-support.ts";
import type { Finding } from "./examine.ts";
import { examine } from "./index.ts";

it("is content with a server that is set up for payments", async () => {
  const redis = await started(good);
  const { status, out, err } = await doctor(["--url", redis.url]);
  expect([status, err]).toEqual([0, ""]);
  expect(out).toMatch(/^0 errors, 0 warnings, 0 not known/m);
  expect(out).not.toContain("hunter2");
});

it("fails the Compose example of the scaling guide by name", async () => {
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

it("gives JSON of the same findings, each that is not fine with its topic", async () => {
  const redis = await started({ ...good, maxmemory: undefined, config: ["maxmemory-policy volatile-lru"] });
  const { status, out } = await doctor(["--url", redis.url, "--json", "--client", "redis"]);
  expect(status).toBe(1);
  const { findings, payments }: { findings: Finding[]; payments: unknown } = JSON.parse(out);
  const topics = findings.filter(({ level }) => level !== "ok").map(({ check, topic }) => [check, topic]);
  expect(topics).toEqual(
    expect.arrayContaining([
      ["eviction", "policy"],
      ["memory", "no-limit"],
    ]),
  );
  expect(topics.filter(([, topic]) => typeof topic !== "string")).toEqual([]);
  expect(findings.filter(({ level, topic }) => level === "ok" && topic !== undefined)).toEqual([]);
  expect(findings[0]).toMatchObject({ level: "error", provider: "node-redis", stores: expect.any(Array) });
  expect(new Set(findings.map(({ provider }) => provider))).toEqual(new Set(["node-redis"]));
  expect(payments).toEqual({ inDoubt: 0, owed: 0, oldestMs: 0, unreadable: 0 });
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

it("warns of what its configuration warns of, and of nothing that a url leaves out", async () => {
  const redis = await started(good);
  const config = { stores: { provider: "ioredis", ioredis: { url: redis.url }, sessions: { ttlSeconds: 1 } } };
  const warned = async (options: Parameters<typeof examine>[0]) =>
    (await examine(options)).findings.filter(({ check }) => check === "configuration");
  const about = { check: "configuration", level: "warning" };
  expect(await warned({ config, env: {} })).toEqual([
    expect.objectContaining({
      ...about,
      topic: "stores.sessions.ttlSeconds",
      message: expect.stringMatching(/^stores\.sessions\.ttlSeconds: /),
    }),
    expect.objectContaining({
      ...about,
      topic: "stores.keySecret",
      message: expect.stringMatching(/^stores\.keySecret: is not given/),
    }),
  ]);
  expect(await warned({ url: redis.url })).toEqual([]);
});

it("says of stores in memory that no other instance sees them, and that their payments are seen by none", async () => {
  const { findings, payments } = await examine({ config: { stores: {} } });
  expect(payments).toBeUndefined();
  expect(findings).toContainEqual(
    expect.objectContaining({ check: "payments", level: "unknown", topic: "not-shared" }),
  );
  writeFileSync(join(folder, "memory.yaml"), "stores: {}\n");
  for (const more of [["list"], ["resolve", "handle", "--receipt", "0xabc"]]) {
    const { status, err } = await doctor(["payments", ...more, "--config", "memory.yaml"]);
    expect([status, err]).toEqual([2, expect.stringMatching(/memory of each process.*Use redis or ioredis/)]);
  }
  expect(findings.filter(({ check }) => check === "sharing").map(({ level }) => level)).toEqual(
    Array(3).fill("warning"),
  );
});

it("names the records of payments that it cannot read, and is not content", async () => {
  const redis = await started(good);
  await withDoubt(redis, '{"nonce":"0x1"}');
  for (const key of [await redis.command("KEYS", "*:c")].flat()) {
    await redis.command("SET", String(key), "no record", "KEEPTTL");
  }
  const examined = await doctor(["--url", redis.url]);
  expect(examined).toMatchObject({ status: 1, out: expect.stringMatching(/^ERROR +payments.*cannot be read: \d+/m) });
  const { status, err } = await doctor(["payments", "list", "--url", redis.url]);
  expect([status, err]).toEqual([1, expect.stringMatching(/cannot be read: \d+.*\n[\w-]{43}/)]);
  const asJson = await doctor(["payments", "list", "--json", "--url", redis.url]);
  expect([asJson.status, asJson.err]).toEqual([1, ""]);
  expect(JSON.parse(asJson.out)).toEqual({
    error: { code: "STORE_CORRUPT", message: expect.stringContaining("cannot be read") },
    payments: [],
    unreadable: expect.arrayContaining([expect.stringMatching(/^[\w-]{43}$/)]),
  });
});

it("takes a server for no primary that calls itself an active replica, as KeyDB does where two servers are written to", async () => {
  const redis = await started(good);
  // Of the same length, so that the reply's length stays true.
  const [told, instead] = ["role:master\r\nconnected_slaves:0", "role:active-replica\r\nreplicas:0"];
  const way = createServer((socket) => {
    const server = connect(redis.port, "127.0.0.1").on("error", () => undefined);
    socket.on("error", () => undefined).pipe(server);
    server.on("data", (data) => socket.write(data.toString("latin1").replace(told, instead), "latin1"));
    socket.on("close", () => server.destroy());
  });
  onTestFinished(() => void way.close());
  await once(way.listen(0, "127.0.0.1"), "listening");
  const address = way.address();
  const url = redis.url.replace(String(redis.port), String(typeof address === "object" ? address?.port : 0));
  expect(told.length).toBe(instead.length);
  const { findings } = await examine({ url });
  expect(findings).toContainEqual(expect.objectContaining({ check: "role", level: "error" }));
});
