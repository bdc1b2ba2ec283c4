// The example as a user runs it: start, stop, SIGTERM under load, kills, and what cannot be started.

import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { buyer, demoAccount, payerLabel, readLog, testConfig } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { exampleConfig } from "./example-files.ts";
import { allGone, mainForEachTest } from "./testing/run-main.ts";
import { onRedis } from "./testing/test-system.ts";

const main = mainForEachTest();

/** `count` signed payments for /quote, ready to be sent. */
async function payments(gateway: string, count: number): Promise<Record<string, string>[]> {
  const client = buyer(demoAccount(payerLabel(0)));
  const price = await client.priceOf(`${gateway}/quote`);
  return Promise.all(Array.from({ length: count }, async () => client.headersOf(await client.sign(price))));
}

const json = { "content-type": "application/json" };
const setUpstream = (upstream: string, behaviour: object) =>
  fetch(`${upstream}/admin/behaviour`, { method: "PUT", headers: json, body: JSON.stringify(behaviour) });

const transfersOf = ({ logDirectory }: { logDirectory: string }) =>
  readLog(`${logDirectory}/ledger.jsonl`).filter(({ kind }) => kind === "transfer");

/** Waits for `done`, looking every few milliseconds. */
async function until(done: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await done())) {
    if (performance.now() > end) throw new Error("It did not happen in time.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("the started example", () => {
  test("prints where it is, is healthy and ready, takes a payment, and ends with 0 on SIGTERM, leaving nothing", async () => {
    const run = main(testConfig);
    const { gateway, ledger, pids } = await run.started;
    expect(pids).toHaveLength(3);
    expect(await (await fetch(`${gateway}/healthz`)).text()).toBe("ok\n");
    const ready = await fetch(`${gateway}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, checks: { stores: "ok" } }]);
    const [payment] = await payments(gateway, 1);
    expect((await fetch(`${gateway}/quote`, { headers: payment ?? {} })).status).toBe(200);
    expect((await fetch(`${gateway}/nowhere`)).status).toBe(404);
    const { routes } = Object(await (await fetch(gateway)).json());
    expect(routes).toHaveLength(5);
    expect(run.output()).not.toContain("Not ready");
    expect(run.output(), "no line of a log: nothing is wrong").not.toContain('"level"');

    run.child.kill("SIGTERM");
    expect(await run.exited).toEqual({ code: 0, signal: null });
    await allGone(pids, 1_000);
    await expect(fetch(ledger)).rejects.toThrow();
  });

  test("says at the start that its stores take no writes, after where it is", async () => {
    const run = main(onRedis(testConfig, "redis://127.0.0.1:9"));
    await run.started;
    // The gateway's own lines, about its connection, come whenever they do.
    const said =
      /Stop: +Ctrl-C\n\n(\{.*\n)*Not ready: its stores take no writes\. Payments answer 503 until that has ended\.\n/;
    await until(() => said.test(run.output()));
  });

  test("--help lists the options on stdout, and ends with 0", async () => {
    const run = main(testConfig, ["--help"]);
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(run.output()).toMatch(/^Options: --config <value>, .*--redis\.\n$/);
  });

  test("leaves no orphan when it is killed outright", async () => {
    const run = main(testConfig);
    const { pids } = await run.started;
    run.child.kill("SIGKILL");
    await run.exited;
    await allGone(pids, 15_000);
  });

  test("stops everything and ends with 1 when one of its processes dies", async () => {
    const run = main(testConfig);
    const { pids } = await run.started;
    const [, ledgerPid = 0] = pids;
    process.kill(ledgerPid, "SIGKILL");
    expect(await run.exited).toEqual({ code: 1, signal: null });
    expect(run.output()).toContain("simulated ledger ended by itself");
    await allGone(pids, 1_000);
  });
});

describe("SIGTERM under load", () => {
  test("finishes what is in flight, and takes nothing new", async () => {
    const run = main(testConfig);
    const { gateway, upstream, pids } = await run.started;
    const count = 12;
    const ready = await payments(gateway, count);
    await setUpstream(upstream, { delayMs: 700 });
    const answers = Promise.all(ready.map((headers) => fetch(`${gateway}/quote`, { headers })));
    const runsOf = () => readLog(`${run.logDirectory}/upstream.jsonl`).length;
    await until(() => runsOf() === count);

    run.child.kill("SIGTERM");
    await until(() =>
      fetch(`${gateway}/healthz`).then(
        () => false,
        () => true,
      ),
    );
    const served = await answers;
    expect(served.map(({ status }) => status)).toEqual(Array<number>(count).fill(200));
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(transfersOf(run)).toHaveLength(count);
    expect(runsOf()).toBe(count);
    await allGone(pids, 1_000);
  });

  test("finishes a settlement whose client has gone", async () => {
    const run = main(testConfig);
    const { gateway, ledger } = await run.started;
    const [headers = {}] = await payments(gateway, 1);
    const slow = { method: "POST", headers: json, body: JSON.stringify({ on: "settle", delayMs: 700 }) };
    await fetch(`${ledger}/admin/faults`, slow);
    const leaving = new AbortController();
    const answer = fetch(`${gateway}/quote`, { headers, signal: leaving.signal });
    const settles = () => readLog(`${run.logDirectory}/facilitator.jsonl`).filter(({ kind }) => kind === "settle");
    await until(() => settles().length === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    run.child.kill("SIGTERM");
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(transfersOf(run)).toHaveLength(1);
  });

  test("charges nothing for what a client did not wait for", async () => {
    const run = main(testConfig);
    const { gateway, upstream } = await run.started;
    const [headers = {}] = await payments(gateway, 1);
    await setUpstream(upstream, { delayMs: 60_000 });
    const leaving = new AbortController();
    const answer = fetch(`${gateway}/quote`, { headers, signal: leaving.signal });
    await until(() => readLog(`${run.logDirectory}/upstream.jsonl`).length === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    run.child.kill("SIGTERM");
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(transfersOf(run)).toEqual([]);
  });

  test("with a drain: says 503 on /readyz while it still serves, and sends connections away", async () => {
    const run = main(`drain: 3s\n${testConfig}`);
    const { gateway } = await run.started;
    const [headers = {}] = await payments(gateway, 1);
    run.child.kill("SIGTERM");
    await until(async () => (await fetch(`${gateway}/readyz`)).status === 503);
    const served = await fetch(`${gateway}/quote`, { headers });
    expect(served.status).toBe(200);
    expect(served.headers.get("connection")).toBe("close");
    expect(await run.exited).toEqual({ code: 0, signal: null });
  });
});

describe("what cannot be started", () => {
  test("a port that is taken: says so, ends with 2, leaves nothing", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve));
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      const run = main(testConfig, ["--port", String(port)]);
      expect(await run.exited).toEqual({ code: 2, signal: null });
      expect(run.output()).toBe(`Port ${port} is taken; choose another with --port.\n`);
    } finally {
      blocker.close();
    }
  });

  test.each([
    ["invalid YAML", testConfig.replace("stores: {", "stores: {{"), /gateway\.yaml is not valid YAML/],
    ["an unknown provider", testConfig.replace("provider: memory", "provider: memry"), /stores\.provider.*memory/s],
    [
      "a missing variable",
      testConfig.replace(/sessionSecret: .*/, `sessionSecret: \${NOT_SET_ANYWHERE}`),
      /sessionSecret.*NOT_SET_ANYWHERE is not set/,
    ],
    [
      "a path of the dashboard's",
      testConfig.replace("path: /report", "path: /dashboard/events"),
      /routes\.1\.path: is the dashboard's own/,
    ],
  ])("a configuration with %s: says what and where, ends with 2", async (_name, config, message) => {
    const run = main(config);
    expect(await run.exited).toEqual({ code: 2, signal: null });
    expect(run.output()).toMatch(message);
    expect(run.output()).not.toContain("    at ");
  });

  test.each([
    ["a port that is none", ["--port", "70000"], "--port must be a number from 0 to 65535.\n"],
    ["a folder as its configuration", ["--config", "."], /^--config: .* is a folder; name a file\.\n$/],
    [
      "stores that do not exist",
      ["--stores", "nowhere"],
      /^--stores: there is no configuration file .*nowhere\.yaml\.\n$/,
    ],
    [
      "stores beside those of the configuration",
      ["--port", "0", "--stores", "memory"],
      /STORES names others; leave one out/,
    ],
    ["an option that does not exist", ["--verbose"], /^Unknown option '--verbose'.*--config <value>/],
  ])("%s: says so, ends with 2", async (_name, args, message) => {
    const run = main(testConfig, args);
    expect(await run.exited).toEqual({ code: 2, signal: null });
    if (typeof message === "string") expect(run.output()).toBe(message);
    else expect(run.output()).toMatch(message);
  });
});

test("a configuration without stores runs on those that --stores names, until the terminal sends Ctrl-C to all of it, twice", async () => {
  const run = main(readFileSync(exampleConfig, "utf8"), ["--port", "0", "--stores", "memory"]);
  const { gateway, pids } = await run.started;
  expect(run.output()).toMatch(/Stores +\S+stores\/memory\.yaml {2}\(a restart forgets them; --redis keeps them\)\n/);
  expect((await fetch(`${gateway}/readyz`)).status, "nothing else of the environment is needed").toBe(200);
  const group = -(run.child.pid ?? 0);
  process.kill(group, "SIGINT");
  process.kill(group, "SIGINT");
  expect(await run.exited).toEqual({ code: 0, signal: null });
  await allGone(pids, 1_000);
});
