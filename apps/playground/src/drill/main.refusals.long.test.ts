// What the drill does not play: what cannot be done, an access log that is only converted, and what its README promises.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configOf, drill, file, folder } from "./drill-files.test-support.ts";
import { parseTrace, writeTrace } from "./trace.ts";

const shortTrace = file("short.jsonl", writeTrace([{ at: 0, client: "192.0.2.2", action: "pay", payment: "A" }]));

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
    ["a chain that there is not", ["--chain", "base"], /^--chain must be simulated or evm\.\n$/],
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
  expect(options.length).toBeGreaterThanOrEqual(14);
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
