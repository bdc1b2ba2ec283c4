// The built drill, end to end: it shows what it is to show, fails where a store is not shared, and leaves nothing behind.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { memoryMustFail } from "./report.ts";
import { type DrillRun, runBuiltDrill } from "./run-built-drill.test-support.ts";
import { parseTrace, type TraceEvent, writeTrace } from "./trace.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-drill-files-"));
afterAll(() => rmSync(folder, { recursive: true }));
const runs: DrillRun[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) await run.dispose();
});
function drill(args: readonly string[], env?: NodeJS.ProcessEnv): DrillRun {
  const run = runBuiltDrill(args, env);
  runs.push(run);
  return run;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const configOf = (lane: string) => fileURLToPath(new URL(`../../drill/${lane}.yaml`, import.meta.url));

/** A short trace with what instances that share nothing get wrong: a session that hops, and one payment four times. */
const client = "192.0.2.1";
const events: TraceEvent[] = [
  { at: 0, client, action: "buy", session: "S" },
  ...[1_500, 1_600, 1_700, 1_800, 1_900, 2_000].map((at): TraceEvent => ({ at, client, action: "use", session: "S" })),
  ...[500, 500, 500, 500].map((at): TraceEvent => ({ at, client: "192.0.2.2", action: "pay", payment: "A" })),
];
const shortTrace = file("short.jsonl", writeTrace(events));

const reportSchema = z.object({
  ok: z.boolean(),
  reasons: z.array(z.string()),
  lanes: z.array(
    z.object({
      provider: z.string(),
      phases: z.array(z.object({ name: z.string() })),
      requests: z.int(),
      answered: z.int(),
      errors: z.array(z.string()),
      rows: z.array(
        z.object({ key: z.string(), ok: z.boolean(), requests: z.array(z.string()), note: z.string().optional() }),
      ),
      doubts: z.object({ most: z.int(), atEnd: z.int() }).optional(),
    }),
  ),
});

const readReport = (path: string) => reportSchema.parse(JSON.parse(readFileSync(path, "utf8")));

describe("the drill", () => {
  test("breaks memory where it must, breaks nothing on Redis through either client, and ends with 0", async () => {
    const path = join(folder, "report.json");
    const run = drill(["--requests", "350", "--report", path]);
    expect(await run.exited, run.stderr() + run.stdout()).toEqual({ code: 0, signal: null });
    const report = readReport(path);
    expect(report.lanes.map(({ provider }) => provider)).toEqual(["memory", "redis", "ioredis"]);
    const [memory, ...shared] = report.lanes;
    const red = memory?.rows.filter(({ ok }) => !ok) ?? [];
    expect(red.map(({ key }) => key)).toEqual(expect.arrayContaining([...memoryMustFail]));
    for (const { requests } of red) expect(requests[0]).toMatch(/^seed1-\d+$/);
    for (const lane of shared) {
      expect(lane.phases.map(({ name }) => name)).toEqual([
        "steady",
        "rolling restart",
        "scale 2 -> 6 -> 2",
        "settlements' replies lost",
        "kill -9",
        "kill -9 at a settle call",
        "kill -9 at a transfer",
        "kill -9 before an answer",
        "Redis kill -9 and restart",
      ]);
      expect(lane.rows.filter(({ ok }) => !ok)).toEqual([]);
      expect(lane.errors).toEqual([]);
      expect([lane.requests, lane.answered]).toEqual([350, 350]);
      expect(lane.doubts).toMatchObject({ atEnd: 0 });
      expect(lane.doubts?.most).toBeGreaterThan(0);
      // What was done to payments in the middle of their settlement has met some, and their payers have it all the same.
      expect(lane.rows.find(({ key }) => key === "paid-not-delivered")?.note).toMatch(/[1-9]\d* hung up/);
    }
    expect(run.stdout()).toContain("As it should be");
    expect(run.stdout()).not.toContain("\u001b");
    await run.leftNothing();
  }, 300_000);

  test("ends with 1 where a store that is called shared is not, names the requests, and cleans the user's Redis", async () => {
    const redis = await startRedis();
    try {
      await redis.command("SET", "theirs", "1");
      // Each instance with keys of its own: what a wrong prefix does to a fleet.
      const unshared = readFileSync(configOf("redis"), "utf8").replace(
        "{DRILL_PREFIX}",
        `{DRILL_PREFIX}:\${GATEWAY_INSTANCE}`,
      );
      expect(unshared).toContain(`:\${GATEWAY_INSTANCE}\n`);
      const path = join(folder, "failed.json");
      const config = file("unshared.yaml", unshared);
      const run = drill(["--trace", shortTrace, "--config", config, "--redis-url", redis.url, "--report", path]);
      expect(await run.exited, run.stderr()).toEqual({ code: 1, signal: null });
      const report = readReport(path);
      expect(report.ok).toBe(false);
      const [, lane] = report.lanes;
      expect(lane?.provider).toBe("unshared");
      expect(lane?.phases.at(-1)?.name).toBe("Redis left alone");
      const red = lane?.rows.filter(({ ok }) => !ok) ?? [];
      expect(red.map(({ key }) => key)).toEqual(expect.arrayContaining(["sessions-lost", "verifies-per-payment"]));
      for (const { requests } of red) expect(requests[0]).toMatch(/^short\.jsonl-\d+$/);
      expect(report.reasons.join("\n")).toContain("unshared: uses of a paid session lost on a hop");
      expect(run.stdout()).toContain("Not as it should be");
      expect(Number(/(\d+) key\(s\)/.exec(run.stderr())?.[1])).toBeGreaterThan(0);
      expect(await redis.command("DBSIZE")).toBe(1);
      await run.leftNothing();
    } finally {
      await redis.stop();
    }
  }, 200_000);
});

describe("ended early, it leaves nothing behind", () => {
  test("by Ctrl-C, twice, in the middle of a shared lane: 130, and the user's Redis is clean", async () => {
    const redis = await startRedis();
    try {
      const run = drill(["--trace", shortTrace, "--redis-url", redis.url]);
      await run.said("redis: steady");
      await expect.poll(() => redis.command("DBSIZE")).toBeGreaterThan(0);
      run.interrupt();
      run.interrupt();
      expect(await run.exited, run.stderr()).toEqual({ code: 130, signal: null });
      expect(await redis.command("DBSIZE")).toBe(0);
      await run.leftNothing();
    } finally {
      await redis.stop();
    }
  }, 120_000);

  test("by Ctrl-C while it starts: 130", async () => {
    const run = drill(["--trace", shortTrace]);
    await run.said("memory: starting");
    run.interrupt();
    expect(await run.exited).toEqual({ code: 130, signal: null });
    await run.leftNothing();
  });

  test.each([
    ["1", "2 h 0 min"],
    ["60", "2 min 0 s"],
  ])("by Ctrl-C, once it has said how long a trace at speed %s takes", async (speed, time) => {
    const long = file("long.jsonl", writeTrace([...events, { at: 7_200_000, client, action: "ask" }]));
    const run = drill(["--trace", long, "--speed", speed]);
    await run.said("memory: starting");
    expect(run.stderr()).toContain(`plays ${time} of traffic on each of 3 lanes, one after the other\n`);
    run.interrupt();
    expect(await run.exited).toEqual({ code: 130, signal: null });
    await run.leftNothing();
  });

  test("by a Redis that dies for good: says so, 1", async () => {
    const run = drill(["--trace", shortTrace]);
    await run.said("redis: starting");
    process.kill(run.redisPid(), "SIGKILL");
    expect(await run.exited).toEqual({ code: 1, signal: null });
    expect(run.stderr()).toContain("The private Redis ended by itself: the drill is over.");
    await run.leftNothing();
  }, 120_000);

  test("killed outright", async () => {
    const run = drill(["--trace", shortTrace]);
    await run.said("memory: starting");
    const files = () => readdirSync(run.folder, { recursive: true }).map(String);
    await expect.poll(() => files().some((name) => name.endsWith("facilitator.jsonl")), { timeout: 30_000 }).toBe(true);
    run.child.kill("SIGKILL");
    await run.exited;
    await run.leftNothing();
  });
});

describe("what cannot be done is told in one line, with 2", () => {
  const missing = join(folder, "missing");
  const bad = file("bad.jsonl", '{"at":0}\n{"at":0,"client":"192.0.2.1","action":"ask"}\nno json\n');
  const unsold = file("unsold.jsonl", '{"at":0,"client":"192.0.2.1","action":"ask","route":"/nowhere"}\n');
  test.each<[string, string[], RegExp, NodeJS.ProcessEnv?]>([
    ["too few instances", ["--instances", "1"], /^--instances must be a number from 2 to 8\.\n$/],
    ["too many instances", ["--instances", "9"], /^--instances must be a number from 2 to 8\.\n$/],
    ["too few requests", ["--requests", "10"], /^--requests must be a number from 350 to 20000\.\n$/],
    ["a trace that is not there", ["--trace", missing], /^--trace: there is no file .*missing\.\n$/],
    [
      "a trace that cannot be read",
      ["--trace", bad],
      /^The trace cannot be played: line 1: .*; line 3: is no JSON\.\n$/,
    ],
    ["a trace that is a folder", ["--trace", folder], /^--trace: there is no file .*\n$/],
    [
      "a report where it cannot be written",
      ["--report", join(missing, "report.json")],
      /^--report: there is no folder .*missing\.\n$/,
    ],
    ["a report that is a folder", ["--report", folder], /^--report: .* is a folder; name a file\.\n$/],
    ["a trace and a seed", ["--trace", shortTrace, "--seed", "1"], /^--requests and --seed are for .*\n$/],
    ["a speed without a trace", ["--speed", "2"], /^--speed is for traces; give one with --trace, .*\n$/],
    ["a configuration that is not there", ["--config", missing], /^--config: there is no file .*\n$/],
    ["an option that does not exist", ["--fast"], /^Unknown option '--fast'\. Options: .*--redis-url <value>.*\n$/],
    [
      "a Redis that is not there",
      ["--redis-url", "redis://127.0.0.1:9"],
      /^The Redis at 127\.0\.0\.1:9 is not there\..*\n$/,
    ],
    ["no redis-server", [], /TOLLBOOTH_REDIS_SERVER.*\n.*--redis-url/, { TOLLBOOTH_REDIS_SERVER: missing }],
    ["a log that is none", ["--convert", bad], /--convert: the log has no requests/],
  ])("%s", async (_what, args, message, env) => {
    const run = drill(args, env);
    expect(await run.exited).toEqual({ code: 2, signal: null });
    expect(run.stderr()).toMatch(message);
    expect(run.stdout()).toBe("");
  });

  test("a configuration that is no YAML, once it is read", async () => {
    const run = drill(["--trace", shortTrace, "--config", file("invalid.yaml", "stores: {{\n")]);
    expect(await run.exited).toEqual({ code: 2, signal: null });
    expect(run.stderr()).toContain("invalid.yaml is not valid YAML");
    expect(run.stderr()).not.toContain("    at ");
    await run.leftNothing();
  }, 120_000);

  test("a trace that asks for what is not sold, once the configuration is known", async () => {
    const run = drill(["--trace", unsold]);
    expect(await run.exited).toEqual({ code: 2, signal: null });
    expect(run.stderr()).toMatch(
      /ask for what is not sold so, e\.g\. unsold\.jsonl-1 \(ask \/nowhere\)\. Sold are: \/quote/,
    );
    await run.leftNothing();
  });
});

test("an access log is converted to a trace on stdout, and what could not be read is told on stderr", async () => {
  const log = file(
    "access.log",
    '203.0.113.7 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "-" "curl"\nnonsense\n',
  );
  const run = drill(["--convert", log]);
  expect(await run.exited).toEqual({ code: 0, signal: null });
  expect(run.stderr()).toBe("1 line(s) are no requests in the combined log format: 2\n1 request(s) converted.\n");
  expect(parseTrace(run.stdout(), "t")).toMatchObject([{ client: "203.0.113.7", action: "pay", userAgent: "curl" }]);
});

test("the README names every option, its traces can be played, and its configurations are there", async () => {
  const readme = readFileSync(new URL("../../drill/README.md", import.meta.url), "utf8");
  const run = drill(["--help"]);
  expect(await run.exited).toEqual({ code: 0, signal: null });
  expect(run.stderr()).toBe("");
  expect(run.stdout()).toMatch(/^Options: .*\.\n$/);
  const options = [...run.stdout().matchAll(/--([a-z-]+)(?: <value>)?(?:,|\.\n)/g)].map(([, name]) => name);
  expect(options.length).toBeGreaterThanOrEqual(13);
  for (const option of options) expect(readme).toContain(`--${option}`);
  const [, trace = ""] = /```\n(\{"at"[\s\S]*?)```/.exec(readme) ?? [];
  expect(parseTrace(trace, "readme")).toHaveLength(6);
  expect(readme).toContain("(redis.yaml)");
});

test("the lanes' configurations sell the same, and differ in their stores only", () => {
  const [memory, ...others] = ["memory", "redis", "ioredis"].map((lane) => {
    const [own = ""] = readFileSync(configOf(lane), "utf8")
      .replace(/^(#.*\n)+/, "")
      .split("\nstores:");
    return own;
  });
  for (const other of others) expect(other).toBe(memory);
});
