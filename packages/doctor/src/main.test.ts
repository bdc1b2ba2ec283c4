// The command where something is wrong: each ends in time, with words, the exit status of the usage, and no secret.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { startStandIn } from "@tollbooth-stores/redis-testkit";
import { expect, it, onTestFinished } from "vitest";
import { readArguments } from "./arguments.ts";
import { doctor, folder, good, program, started } from "./doctor.test-support.ts";

const SECRET = "hunter2-the-secret";

/** The address, with a password, of what is no Redis. */
const listening = async (serve: (socket: Socket) => unknown) =>
  `redis://:${SECRET}@127.0.0.1:${await startStandIn(serve, onTestFinished)}`;

/** Sends this for ever, at a pace that leaves the processors to those that are measured. */
const forEver = (text: string) => (socket: Socket) => {
  const bytes = Buffer.from(text.repeat(10_000));
  const pace = setInterval(() => socket.write(bytes), 10);
  socket.on("error", () => undefined).on("close", () => clearInterval(pace));
};

it("ends with status 2 and words where there is no Redis, or none that answers", { timeout: 30_000 }, async () => {
  const silent = await started({});
  await silent.kill("SIGSTOP");
  onTestFinished(() => silent.kill("SIGCONT"));
  const wanted: readonly (readonly [string, RegExp])[] = [
    [`redis://:${SECRET}@127.0.0.1:1`, /ECONNREFUSED/],
    [`redis://:${SECRET}@[::1]:1`, /./],
    [await listening((socket) => socket.on("data", () => socket.end("HTTP/1.1 400\r\n\r\n"))), /not a Redis/],
    [silent.url, /has not answered/],
    [await listening((socket) => socket.destroy()), /closed the connection/],
    [await listening(forEver("garbage")), /not a Redis/],
    [await listening(forEver("$2000000000\r\nx")), /has not answered|not a Redis/],
    [`redis://:${SECRET}@no-such-host.invalid`, /not known/],
  ];
  const began = performance.now();
  // A resolver that takes longer than the doctor waits.
  const resolver =
    "import dns from 'node:dns'; dns.lookup = (...all) => setTimeout(all.at(-1), 30000, new Error('late'));";
  const slow = doctor(["--url", "redis://slow"], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(resolver)}`,
  });
  const unlisted = doctor(["payments", "list", "--url", `redis://:${SECRET}@127.0.0.1:1`]);
  const unlistedJson = doctor(["payments", "list", "--json", "--url", `redis://:${SECRET}@127.0.0.1:1`]);
  const results = await Promise.all(wanted.map(([url]) => doctor(["--url", url, "--json"])));
  expect(await unlisted).toEqual({ status: 2, out: "", err: expect.stringMatching(/^No connection.*ECONNREFUSED/) });
  expect((await unlisted).err).not.toContain(SECRET);
  const { status, out, err } = await unlistedJson;
  expect([status, err]).toEqual([2, ""]);
  expect(JSON.parse(out)).toEqual({
    error: { code: "STORE_UNAVAILABLE", message: expect.stringContaining("ECONNREFUSED") },
  });
  expect(out).not.toContain(SECRET);
  expect(await slow).toMatchObject({ status: 2, out: expect.stringContaining("There is no connection") });
  expect(performance.now() - began).toBeLessThan(12_000);
  for (const [at, { status, out, err }] of results.entries()) {
    expect([status, err]).toEqual([2, ""]);
    const [first] = JSON.parse(out).findings;
    expect(first).toMatchObject({
      check: "reachable",
      level: "error",
      mend: expect.stringMatching(wanted[at]?.[1] ?? ""),
    });
    expect(out).not.toContain(SECRET);
  }
});

it("ends with status 2 and words for what it cannot understand, and repeats nothing of it", async () => {
  mkdirSync(join(folder, "folder"));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return ["--config", name];
  };
  const results = await Promise.all(
    [
      [],
      file("wrong.yaml", `stores:\n  provider: redis\n  redis:\n    url: redis://:${SECRET}@h\n    pasword: x\n`),
      file("variable.yaml", `stores:\n  provider: redis\n  redis:\n    url: \${REDIS_URL}\n`),
      file("empty.yaml", ""),
      file("keyv.yaml", "stores:\n  provider: keyv\n  instances: 2\n"),
      file("strict.yaml", 'stores:\n  strict: "yes"\n'),
      ["--config", "folder"],
      ["--url", `redis://u:p@${SECRET}@h`],
      ["--url", `unix:///${SECRET}`],
      ["--frobnicate"],
      ["--config"],
      [`redis://:${SECRET}@h`],
      [`--redis://:${SECRET}@h`],
      [`--json=redis://:${SECRET}@h`],
      ["payments", "resolve", "handle"],
      ["payments", "resolve", "handle", "--receipt="],
      ["payments", "resolve", "handle", "--none", "expired", "--delivered"],
      ["payments", "resolve", "--none", "expired"],
      ["--receipt", "0xabc"],
      ["payments", "list", "--yes"],
    ].map((args) => doctor(args)),
  );
  for (const { status, out, err } of results) {
    expect([status, out, err]).toEqual([2, "", expect.stringMatching(/\w{4} \w/)]);
    expect(err).not.toMatch(/^\s+at /m);
    expect(err).not.toContain(SECRET);
  }
  const nothing = await doctor(["payments", "resolve", "handle", "--receipt="]);
  expect(nothing.err).toMatch(/^--receipt needs the transaction/);
  expect((await doctor(["--help"])).out).toMatch(/^Usage.*\n(.|\n)*Exit status/);
});

it("gives a mistake as one JSON document where JSON is asked for, with the status of the text", async () => {
  const wanted: readonly (readonly [readonly string[], string, RegExp])[] = [
    [[], "STORE_CONFIG", /tollbooth\.config\.yaml/],
    [["--config", "no-such-file.yaml"], "STORE_CONFIG", /no-such-file/],
    [["--url", `redis://u:p@${SECRET}@h`], "STORE_CONFIG", /percent-encoded/],
    [["--frobnicate"], "USAGE", /^--frobnicate is no option/],
    [["--config"], "USAGE", /^--config needs a value/],
    [["payments", "resolve", "handle"], "USAGE", /takes one of --receipt/],
    [["payments", "resolve", "handle", "--none", "expired", "--yes"], "STORE_CONFIG", /tollbooth\.config\.yaml/],
  ];
  const results = await Promise.all(wanted.map(([args]) => doctor([...args, "--json"])));
  for (const [at, { status, out, err }] of results.entries()) {
    const [, code, message] = wanted[at] ?? [];
    expect([status, err]).toEqual([2, ""]);
    expect(JSON.parse(out)).toEqual({ error: { code, message: expect.stringMatching(message ?? "") } });
    expect(out).not.toContain(SECRET);
  }
  const help = await doctor(["--help", "--json"]);
  expect(JSON.parse(help.out).usage).toMatch(/^Usage/);
});

it("fails on warnings where it is told to: on all, or on those of a check", async () => {
  const redis = await started({ ...good, maxmemory: undefined });
  const exits = await Promise.all(
    [[], ["error"], ["warning"], ["memory"], ["payments,memory"], ["payments, clock"]].map((failOn) =>
      doctor(["--url", redis.url, ...failOn.flatMap((given) => ["--fail-on", given])]),
    ),
  );
  expect(exits.map(({ status }) => status)).toEqual([0, 0, 1, 1, 1, 0]);
  expect(exits[2]?.out).toMatch(/^0 errors, [1-9]/m);
  const away = await doctor(["--url", "redis://127.0.0.1:1", "--fail-on", "warning"]);
  expect(away.status).toBe(2);
  // Payments in a process's memory cannot be counted from outside.
  writeFileSync(join(folder, "memory.yaml"), "stores: {}\n");
  expect((await doctor(["--config", "memory.yaml", "--fail-on", "payments"])).status).toBe(2);
});

it("takes each check of the README for --fail-on, and refuses a name that is none", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const table = readme.slice(readme.indexOf("| check | error | warning |")).split("\n\n", 1)[0] ?? "";
  const names = [...table.matchAll(/^\| ([a-z ]+) \|/gm)].flatMap(([, name]) => (name === "check" ? [] : (name ?? [])));
  expect(names).toContain("round trip");
  expect(readArguments(["--fail-on", names.join(",")])).toMatchObject({ failOn: names });
  expect(() => readArguments(["--fail-on", "memroy"])).toThrow(/^--fail-on must be error, warning, or checks.*memory/);
  expect(() => readArguments(["payments", "list", "--fail-on", "warning"])).toThrow(
    /^--fail-on is for the examination/,
  );
});

it("tells of two servers which one it does not reach, and which one refuses the login", async () => {
  const redis = await started(good);
  const wrong = `redis://:${SECRET}@127.0.0.1:${redis.port}`;
  const away = `redis://:${SECRET}@127.0.0.1:1`;
  const document = { provider: "ioredis", ioredis: { url: wrong }, rateLimits: { url: away, connectTimeoutMs: 300 } };
  writeFileSync(join(folder, "two.json"), JSON.stringify({ stores: document }));
  const [asText, asJson] = await Promise.all([
    doctor(["--config", "two.json"]),
    doctor(["--config", "two.json", "--json"]),
  ]);
  expect(asText).toMatchObject({ status: 2 });
  expect(asText.out).toMatch(/^127\.0\.0\.1:1: rateLimits\nERROR +reachable +There is no connection within 300 ms\./m);
  const refused = new RegExp(
    `^127\\.0\\.0\\.1:${redis.port}: sessions, verifications\\nERROR +reachable +The connection is refused`,
  );
  expect(asText.out).toMatch(new RegExp(refused, "m"));
  expect(asText.out).not.toMatch(/does not answer/);
  expect(JSON.parse(asJson.out).findings).toMatchObject(
    expect.arrayContaining([
      expect.objectContaining({ server: "127.0.0.1:1", stores: ["rateLimits"], check: "reachable" }),
      expect.objectContaining({ server: `127.0.0.1:${redis.port}`, check: "reachable", refused: true }),
    ]),
  );
  expect(asText.out + asJson.out).not.toContain(SECRET);
});

it("ends quietly where its reader has gone, and at once where it is interrupted", async () => {
  const redis = await started(good);
  const piped = spawn(process.execPath, [program, "--url", redis.url], { stdio: ["ignore", "pipe", "pipe"] });
  piped.stdout.destroy();
  let said = "";
  piped.stderr.on("data", (text) => {
    said += text;
  });
  expect(await once(piped, "close")).toEqual([0, null]);
  expect(said).toBe("");
  const url = await listening(() => {});
  const waiting = spawn(process.execPath, [program, "--url", url], { stdio: "ignore" });
  setTimeout(() => waiting.kill("SIGINT"), 500);
  const began = performance.now();
  expect(await once(waiting, "close")).toEqual([null, "SIGINT"]);
  expect(performance.now() - began).toBeLessThan(2_000);
});
