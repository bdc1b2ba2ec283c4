// `npm start -- --instances N --redis` as a user runs it: what it refuses, what it survives, and that nothing is left of it.

import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buyer, demoAccount, payerLabel, readLog, testConfig } from "@tollbooth-stores/sandbox";
import { describe, expect, test, vi } from "vitest";
import { mainForEachTest } from "./testing/run-main.ts";
import { onRedis } from "./testing/test-system.ts";
import { ask, askUntilAnswered, signedPayments } from "./testing/traffic.ts";

/** As config/stores/redis.yaml has it: where Redis is comes from the environment. */
const redisConfig = onRedis(testConfig, `\${REDIS_URL}`);
const onTwo = ["--port", "0", "--redis", "--instances", "2"];
const client = buyer(demoAccount(payerLabel(0)));
const patience = { timeout: 20_000, interval: 10 };

const main = mainForEachTest();

describe("what cannot be started", () => {
  test("a number of instances out of range: says what it may be, ends with 2", async () => {
    const run = main(testConfig, ["--port", "0", "--instances", "17"]);
    expect(await run.exited).toEqual({ code: 2, signal: null });
    expect(run.output()).toBe("--instances must be a number from 1 to 16.\n");
  });

  test("several instances on stores that are not shared: says why and what would allow it, ends with 2", async () => {
    const run = main(testConfig, ["--port", "0", "--instances", "2"]);
    expect(await run.exited).toEqual({ code: 2, signal: null });
    expect(run.output()).toContain("allowUnshared");
    // Told once, not by each of them.
    expect(run.output().match(/allowUnshared/g)).toHaveLength(1);
    await run.leftNothing();
  });

  test.each([
    ["no server on the PATH", "", "there is none: it is not on the PATH. Install it"],
    ["a variable that names none", "/nowhere/redis-server", "TOLLBOOTH_REDIS_SERVER names no program that can be run"],
  ])("--redis with %s: says how to get one, ends with 2, starts nothing", async (_name, server, message) => {
    const run = main(redisConfig, onTwo, { PATH: "/nowhere", TOLLBOOTH_REDIS_SERVER: server });
    expect(await run.exited).toEqual({ code: 2, signal: null });
    expect(run.output()).toContain(message);
    expect(run.output()).toContain("REDIS_URL=redis://");
    expect(existsSync(join(run.logDirectory, "ledger.jsonl"))).toBe(false);
    await run.leftNothing();
  });

  test("a port that is taken, with a Redis started already: ends with 2, leaves nothing", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve));
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    try {
      const run = main(redisConfig, ["--port", port, "--redis"]);
      expect(await run.exited).toEqual({ code: 2, signal: null });
      expect(run.output()).toBe(`Port ${port} is taken; choose another with --port.\n`);
      await run.leftNothing();
    } finally {
      blocker.close();
    }
  });
});

describe("the end of all of it", () => {
  test.each<{ how: string; end: (pid: number) => void; code: number | null }>([
    {
      how: "Ctrl-C to the whole terminal, twice,",
      code: 0,
      end(pid) {
        process.kill(-pid, "SIGINT");
        process.kill(-pid, "SIGINT");
      },
    },
    { how: "SIGTERM", code: 0, end: (pid) => process.kill(pid, "SIGTERM") },
    { how: "the terminal's hang-up", code: 0, end: (pid) => process.kill(-pid, "SIGHUP") },
    { how: "kill -9", code: null, end: (pid) => process.kill(pid, "SIGKILL") },
  ])("$how leaves no gateway, no ledger, no upstream and no Redis", async ({ end, code }) => {
    const run = main(redisConfig, onTwo);
    const { pids } = await run.started;
    // Two gateways, the ledger, the upstream, Redis.
    expect(new Set(pids).size).toBe(5);
    expect(run.output(), "it tells where Redis is, and not its password").toMatch(/Redis +127\.0\.0\.1:\d+ /);
    expect(run.output()).not.toMatch(/redis:\/\/|@127\.0\.0\.1/);
    end(run.child.pid ?? 0);
    expect((await run.exited).code).toBe(code);
    await run.leftNothing();
  });

  test.each<[string, (files: string[]) => boolean]>([
    ["at once", () => true],
    ["while Redis starts", (files) => files.some((name) => name.startsWith("tollbooth-redis-"))],
    ["while the gateways start", (files) => files.includes("facilitator.jsonl")],
  ])("Ctrl-C %s, before anything is printed, leaves nothing", async (_name, begun) => {
    const run = main(redisConfig, onTwo);
    await vi.waitFor(() => expect(begun(readdirSync(run.logDirectory))).toBe(true), patience);
    expect(run.output()).toBe("");
    process.kill(-(run.child.pid ?? 0), "SIGINT");
    // In order, at once where its own children were hit first, or by the signal where it was not listening yet.
    const ends = [
      { code: 0, signal: null },
      { code: 130, signal: null },
      { code: null, signal: "SIGINT" },
    ];
    expect(ends).toContainEqual(await run.exited);
    expect(run.output()).not.toContain("    at ");
    await run.leftNothing();
  });

  test("an instance that dies three times soon after its start ends it with 1 and says so", async () => {
    const run = main(redisConfig, onTwo);
    const { gateway } = await run.started;
    const payments = await signedPayments(client, `${gateway}/quote`, 20);
    const killed = new Set<number>();
    let over = false;
    void run.exited.then(() => {
      over = true;
    });
    for (const { headers } of payments) {
      if (over) break;
      // The upstream's log tells the process behind the name.
      await ask(`${gateway}/quote`, { headers });
      const lines = readLog(join(run.logDirectory, "upstream.jsonl")).map(({ instance }) =>
        String(instance).split("/"),
      );
      const pid = Number(lines.findLast(([name]) => name === "gateway-1")?.[1] ?? 0);
      if (pid > 0 && !killed.has(pid)) process.kill(pid, "SIGKILL");
      killed.add(pid);
      await sleep(200);
    }
    expect(await run.exited).toEqual({ code: 1, signal: null });
    expect(run.output()).toContain("gateway-1 ended 3 times soon after its start; stopping the others.");
    expect(run.output().match(/^gateway-1 ended by itself or was killed\.$/gm)).toHaveLength(3);
    expect(run.output().match(/^gateway-1 is back \(pid [1-9]\d*\)\.$/gm)).toHaveLength(2);
    expect(run.output()).not.toMatch(/^gateway-2 /m);
    expect(run.output(), "its own Redis is as a Redis for payments must be").not.toMatch(/unsafe|Warning|"warning"/);
    await run.leftNothing();
  });
});

describe("its private Redis", () => {
  test("killed, it comes back with all it had: 503 in between, then paid sessions and spent payments as before", async () => {
    const run = main(redisConfig, onTwo);
    const { gateway, pids } = await run.started;
    const redisPid = pids.at(-1) ?? 0;
    const [spent, next] = await signedPayments(client, `${gateway}/quote`, 2);
    expect((await ask(`${gateway}/quote`, { headers: spent?.headers ?? {} })).status).toBe(200);
    const { session } = Object(await (await client.pay(`${gateway}/stream`)).json());

    // Frozen first, so that there is a while to look at.
    process.kill(redisPid, "SIGSTOP");
    const meanwhile = await ask(`${gateway}/quote`, { headers: next?.headers ?? {} });
    expect(meanwhile).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^[1-9]\d*$/) });
    process.kill(redisPid, "SIGKILL");

    const served = await askUntilAnswered(`${gateway}/quote`, { headers: next?.headers ?? {} });
    expect(served.at(-1)?.status).toBe(200);
    expect(run.output()).toContain("The private Redis ended by itself; starting it again.");
    await vi.waitFor(() => expect(run.output()).toMatch(/The private Redis is back \(pid [1-9]\d*\)\.\n/), patience);
    expect((await ask(`${gateway}/quote`, { headers: spent?.headers ?? {} })).status).toBe(409);
    const bearer = { headers: { authorization: `Bearer ${session}` } };
    expect((await ask(`${gateway}/stream`, bearer)).status).toBe(200);
    expect((await ask(`${gateway}/stream`, bearer)).status).toBe(200);
    const transfers = readLog(join(run.logDirectory, "ledger.jsonl")).filter(({ kind }) => kind === "transfer");
    expect(transfers).toHaveLength(3);

    run.child.kill("SIGTERM");
    expect(await run.exited).toEqual({ code: 0, signal: null });
    await run.leftNothing();
  });
});
