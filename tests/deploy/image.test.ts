// Runs what the image would run: its files in an empty folder, the Compose file's configuration, environment and Redis.
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { findRedisCli, startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { buyer } from "@tollbooth-stores/sandbox";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Composed, startComposed } from "./composed.ts";
import { textOf } from "./files.ts";
import { type Operator, operator } from "./operator.ts";
import { blocks, inText, linesOf, page } from "./page.ts";
import { type Gateway, run, spawnGateway, startGateway } from "./running.ts";

let composed: Composed;
let gateways: readonly [Gateway, Gateway];
let operating: Operator;
const typed: Operator["type"] = (line, words) => operating.type(line, words);

beforeAll(async () => {
  composed = await startComposed();
  operating = await operator(composed);
  const { image, environment } = composed;
  gateways = await Promise.all([startGateway(image, environment), startGateway(image, environment)]);
}, 120_000);
afterAll(async () => {
  for (const gateway of gateways ?? []) gateway.kill("SIGKILL");
  operating?.leave();
  await composed?.stop();
});

const statusOf = async (url: string, headers: Record<string, string> = {}) => (await fetch(url, { headers })).status;
const paymentOf = async (url: string) => {
  const account = await composed.surroundings.controls.payer();
  const client = buyer(account);
  const signed = await client.sign(await client.priceOf(`${url}/quote`));
  return { headers: { ...client.headersOf(signed), "idempotency-key": "mine" }, payer: account.address };
};
const payment = async (url: string) => (await paymentOf(url)).headers;

describe("the image's files", () => {
  it("are built programs and what they need: no sources, no tests, no tools", () => {
    const { image } = composed;
    expect(readdirSync(image.app).sort()).toEqual(
      ["README.md", "config", "dist", "node_modules", "package.json", "tollbooth.config.yaml"].sort(),
    );
    for (const tool of ["vitest", "typescript", "tsup"])
      expect(existsSync(join(image.app, "node_modules", ".pnpm", "node_modules", tool))).toBe(false);
  });
});

describe("the Redis of the Compose file", () => {
  it("passes the doctor, which is in the image", async () => {
    const { environment, image } = composed;
    const doctor = join(image.app, "node_modules", ".bin", "tollbooth-doctor");
    const [line = ""] = blocks.flatMap(({ lines }) => lines.filter((each) => each.startsWith("npx ")));
    const [npx, name, ...args] = line.split(" ");
    expect([npx, name]).toEqual(["npx", "@tollbooth-stores/doctor"]);
    const { status, output } = await run(doctor, args, image.app, environment);
    expect([status, output]).toEqual([0, expect.stringMatching(/^0 errors, 0 warnings/m)]);
    expect(output).toMatch(/^ok +eviction /m);
    expect(output).not.toContain("aaaa");
  });

  it("has in a container the two warnings that deploy/README.md names: it listens there on every address, without TLS", async () => {
    const { environment, image, services } = composed;
    const [, ...args] = services.redis.command ?? [];
    // As the image starts it: without the files and the binding of startRedis.
    const redis = await startRedis({ args: [...args, "--bind", "0.0.0.0", "--protected-mode", "no"] });
    onTestFinished(() => redis.stop());
    const elsewhere = Object.values(networkInterfaces()).flatMap((all = []) => all.filter(({ internal }) => !internal));
    const host = elsewhere.find(({ family }) => family === "IPv4")?.address ?? "127.0.0.1";
    const REDIS_URL = environment.REDIS_URL?.replace(/@.*/, `@${host}:${redis.port}`) ?? "";
    const doctor = join(image.app, "node_modules", ".bin", "tollbooth-doctor");
    const { status, output } = await run(doctor, [], image.app, { ...environment, REDIS_URL });
    const warned = [...output.matchAll(/^WARNING +([a-z]+) /gm)].map(([, check]) => check);
    expect([status, warned]).toEqual([0, host === "127.0.0.1" ? ["network"] : ["tls", "network"]]);
    expect(textOf("README.md")).toMatch(/warnings are expected.*`tls`.*`network`/);
  });

  it("is healthy by its own check, which an error fails: without -e it would be taken for health", async () => {
    const { image, redis, services } = composed;
    const [kind, , ...args] = services.redis.healthcheck?.test ?? [];
    expect(kind).toBe("CMD");
    const cli = await findRedisCli();
    const check = async (password: string | undefined, words: readonly string[] = args) => {
      const at = ["-h", "127.0.0.1", "-p", String(redis.port)];
      return (await run(cli, [...at, ...words], image.app, { REDISCLI_AUTH: password })).status;
    };
    expect(await check(services.redis.environment?.REDISCLI_AUTH)).toBe(0);
    expect(await check(undefined)).not.toBe(0);
    expect(await check(undefined, ["ping"])).toBe(0);
  });
});

it("a gateway that is still starting hears SIGTERM: a container's first process ignores what it does not listen to", async () => {
  const { environment, image, redis } = composed;
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  // The way to Redis, which leads nowhere at first: with strict, no gateway is ready before it has looked there.
  const way = createServer(async (socket) => {
    socket.on("error", () => undefined);
    await opened;
    socket.pipe(connect(redis.port, "127.0.0.1").on("error", () => undefined)).pipe(socket);
  });
  way.listen(0, "127.0.0.1");
  await once(way, "listening");
  const address = way.address();
  const port = typeof address === "object" ? address?.port : 0;
  const REDIS_URL = environment.REDIS_URL?.replace(String(redis.port), String(port)) ?? "";
  const { child, ended } = spawnGateway(image, { ...environment, REDIS_URL, DRAIN: "1ms" });
  await once(way, "connection");
  child.kill("SIGTERM");
  open();
  expect(await ended).toBe(0);
  way.close();
});

describe("two gateways", () => {
  it("are alive, ready, and healthy by the image's check", async () => {
    const { image } = composed;
    for (const { url } of gateways) {
      expect([await statusOf(`${url}/healthz`), await statusOf(`${url}/readyz`)]).toEqual([200, 200]);
      const [, ...check] = image.healthcheck;
      expect((await run(process.execPath, check, image.app, { PORT: new URL(url).port })).status).toBe(0);
    }
    expect((await run(process.execPath, image.healthcheck.slice(1), image.app, { PORT: "1" })).status).toBe(1);
  });

  it("sell once on both, and still know it after Redis was killed and restarted", async () => {
    const { redis } = composed;
    const [first, second] = gateways;
    const headers = await payment(first.url);
    const [sold, again] = [
      await fetch(`${first.url}/quote`, { headers }),
      await fetch(`${second.url}/quote`, { headers }),
    ];
    expect([sold.status, again.status]).toEqual([200, 200]);
    expect(await again.text()).toBe(await sold.text());
    expect(await statusOf(`${second.url}/quote`, { ...headers, "idempotency-key": "another's" })).toBe(409);
    await redis.restart();
    await expect.poll(() => statusOf(`${second.url}/readyz`), { timeout: 10_000 }).toBe(200);
    expect(await statusOf(`${second.url}/quote`, headers)).toBe(200);
    expect(composed.surroundings.controls.counts()).toEqual({ verifies: 1, runs: 1, transfers: 1 });
  });

  it("refuse a payment that a restored backup has forgotten: 409 where it has moved, and nothing is made or moved again", async () => {
    const [first, second] = gateways;
    for (const line of linesOf("backup")) expect([line, await typed(line)]).toMatchObject([line, { status: 0 }]);
    const backup = (await typed("ls -d backup-*")).output.trim();
    expect((await typed(`ls ${backup}/appendonlydir`)).output).toMatch(/appendonly/);
    const { headers, payer } = await paymentOf(first.url);
    const sold = await fetch(`${first.url}/quote`, { headers });
    expect(sold.status).toBe(200);
    const counts = composed.surroundings.controls.counts();
    for (const line of linesOf("restore"))
      expect([line, await typed(line, { backup })]).toMatchObject([line, { status: 0 }]);
    await expect.poll(() => statusOf(`${second.url}/readyz`), { timeout: 10_000 }).toBe(200);
    expect((await typed(linesOf("open")[0] ?? "")).output).toMatch(/^No payment is in doubt/);
    for (const { url } of gateways) expect(await statusOf(`${url}/quote`, headers)).toBe(409);
    expect(composed.surroundings.controls.counts()).toMatchObject({ runs: counts.runs, transfers: counts.transfers });

    // Its payer complains. The page says how the payment is put down, by what the chain knows of it.
    const [owe = ""] = linesOf("owe");
    const settled = JSON.parse(Buffer.from(sold.headers.get("payment-response") ?? "", "base64").toString());
    const { transaction }: { transaction: string } = settled;
    const put = (words: Record<string, string>) => typed(owe, { transaction, payer, ...words });
    for (const [wrong, said] of [
      [{ payer: `0x${"1".repeat(40)}` }, /used 0 authorizations/],
      [{ transaction: `0x${"1".repeat(64)}` }, /knows no such transaction/],
      [{ payer: "me" }, /^Give the transaction/],
    ] as const) {
      expect(await put(wrong)).toEqual({ status: 1, output: expect.stringMatching(said) });
    }
    expect(await put({})).toEqual({
      status: 0,
      output: expect.stringMatching(/ 10000 of the smallest unit (.*\n)+owed$/m),
    });
    expect(await statusOf(`${second.url}/quote`, headers)).toBe(200);
    expect(await put({})).toEqual({ status: 0, output: expect.stringMatching(/^nothing to do: delivered$/m) });
    expect(composed.surroundings.controls.counts()).toMatchObject({ transfers: counts.transfers });
  });

  it("take for a payment the memory that the page plans with", async () => {
    const cli = async (words: string) => (await typed(`docker compose exec redis redis-cli ${words}`)).output.trim();
    const keys = async () => (await cli("--scan --pattern tollbooth:verify:*")).split("\n");
    const before = await keys();
    expect(await statusOf(`${gateways[0].url}/quote`, await payment(gateways[0].url))).toBe(200);
    const made = (await keys()).filter((key) => !before.includes(key));
    const bytes = await Promise.all(made.map(async (key) => Number(await cli(`memory usage ${key}`))));
    const [, planned = "0"] = /takes three keys and about ([\d,]+) bytes/.exec(page) ?? [];
    expect(made.length).toBe(3);
    const total = bytes.reduce((sum, each) => sum + each, 0);
    expect(total / Number(planned.replace(",", ""))).toBeGreaterThan(0.8);
    expect(total / Number(planned.replace(",", ""))).toBeLessThan(1.2);
  });

  it("fail closed by the page's commands: 402 and ready with Redis, 503 and not ready without", async () => {
    const [{ url }] = gateways;
    const asked = async (command: string) => {
      const [line = ""] = inText.filter((each) => each === command);
      const { output } = await typed(line.replace(/https?:\/\/[^/]+/, url));
      return Number(/^HTTP\/1\.1 (\d+)/m.exec(output)?.[1]);
    };
    const both = () =>
      Promise.all([asked("curl -i https://staging.example.com/quote"), asked("curl -i http://<gateway>/readyz")]);
    expect(await both()).toEqual([402, 200]);
    await composed.redis.kill("SIGTERM");
    expect(await both()).toEqual([503, 503]);
    await composed.redis.restart();
    await expect.poll(both, { timeout: 10_000 }).toEqual([402, 200]);
  });

  it("drain on SIGTERM: 503 on /readyz, the request in hand answered, and the end with 0", async () => {
    const [leaving, staying] = gateways;
    const before = composed.surroundings.controls.counts();
    const headers = await payment(leaving.url);
    await composed.surroundings.controls.upstream({ delayMs: 1_200 });
    const inHand = fetch(`${leaving.url}/quote`, { headers });
    await expect.poll(() => composed.surroundings.controls.counts().runs).toBe(before.runs + 1);
    leaving.kill("SIGTERM");
    await expect.poll(() => statusOf(`${leaving.url}/readyz`), { interval: 20 }).toBe(503);
    expect(await statusOf(`${leaving.url}/healthz`)).toBe(200);
    expect((await inHand).status).toBe(200);
    expect(await leaving.ended).toBe(0);
    await expect(fetch(`${leaving.url}/healthz`)).rejects.toThrow();
    expect([await statusOf(`${staying.url}/readyz`), await statusOf(`${staying.url}/quote`, headers)]).toEqual([
      200, 200,
    ]);
    expect(composed.surroundings.controls.counts().transfers).toBe(before.transfers + 1);
  });
});
