// The commands of docs/deployment.md: each is run, here or by image.test.ts, or its names are those of the manifests.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisOptions, startRedis, startTlsRedis } from "@tollbooth-stores/redis-testkit";
import { findRedisCli } from "@tollbooth-stores/redis-testkit/servers";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { compose, exampleVariables, manifests, root } from "./files.ts";
import { blocks, inText, linesOf } from "./page.ts";
import { type Ran, run } from "./running.ts";

/** Those that image.test.ts types, by the name of their block or as they are. */
const typedOnTheImage = [
  ...["backup", "restore", "open"].flatMap(linesOf),
  ...linesOf("owe").slice(0, 1),
  "npx @tollbooth-stores/doctor --config tollbooth.config.yaml",
  "curl -i http://<gateway>/readyz",
  "curl -i https://staging.example.com/quote",
];
const commands = [...new Set([...blocks.flatMap(({ lines }) => lines), ...inText])].filter(
  (command) => !typedOnTheImage.includes(command),
);
const those = (start: string) => commands.filter((command) => command.startsWith(start));

const folder = mkdtempSync(join(tmpdir(), "tollbooth-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs redis-cli as it is typed, with the test's server in place of the page's. */
async function typed(command: string, port: number, password?: string): Promise<Ran> {
  const cli = `${await findRedisCli()} -p ${port}`;
  const line = command.replace("redis-cli", cli).replaceAll("<redis host>", "127.0.0.1");
  return run("sh", ["-c", line], folder, { REDISCLI_AUTH: password });
}

async function started(options: RedisOptions = {}) {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

describe("the commands of docs/deployment.md", () => {
  it("are all tried", () => {
    const [rotate] = linesOf("rotate");
    const tried = ["redis-cli ", "kubectl ", "docker compose up ", "openssl "].flatMap(those);
    expect(commands.filter((command) => !tried.includes(command) && command !== rotate)).toEqual([]);
    expect(commands.length).toBeGreaterThan(12);
  });

  it("ask a server that has a password as the page says", async () => {
    const redis = await started({ requirepass: "old", config: ["appendonly yes"] });
    const [ping = "", ...others] = those("redis-cli -h <redis host> -e ping");
    expect(others).toEqual([]);
    expect(await typed(ping, redis.port)).toEqual({ status: 1, output: expect.stringContaining("NOAUTH") });
    expect(await typed(ping, redis.port, "old")).toEqual({ status: 0, output: "PONG\n" });
    expect(await typed(ping, 1)).toEqual({ status: 1, output: expect.stringMatching(/^Could not connect/) });
    const wanted: Record<string, RegExp> = {
      "-e info commandstats": /^cmdstat_/m,
      "-e info cpu": /^used_cpu_sys:[\d.]+\s+used_cpu_user:/m,
      "--latency": /^\d+ \d+ [\d.]+ \d+/,
    };
    for (const [words, printed] of Object.entries(wanted)) {
      const [command = ""] = those(`redis-cli -h <redis host> ${words}`);
      expect(await typed(command, redis.port, "old")).toEqual({ status: 0, output: expect.stringMatching(printed) });
    }
    // No sign of an active-active database: grep finds nothing.
    const [signs = ""] = those("redis-cli -h <redis host> -e info everything");
    expect(await typed(signs, redis.port, "old")).toEqual({ status: 1, output: "" });
  });

  it("say so where the password is missing: nothing that they print then looks like an answer", async () => {
    const redis = await started({ requirepass: "old" });
    const asking = those("redis-cli -h <redis host>").filter((command) => !command.endsWith(" --latency"));
    expect(asking.length).toBeGreaterThan(3);
    for (const command of asking) {
      expect([command, await typed(command, redis.port)]).toEqual([
        command,
        { status: 1, output: expect.stringContaining("NOAUTH") },
      ]);
    }
  });

  it("ask a server that speaks TLS, by its authority and no other", async () => {
    const [tls, stranger] = await Promise.all([startTlsRedis(), startTlsRedis()]);
    for (const server of [tls, stranger]) onTestFinished(() => server.stop());
    writeFileSync(join(folder, "ca.pem"), tls.ca);
    const [ping = ""] = those("redis-cli --tls");
    expect((await typed(ping, tls.port)).output).toMatch(/^(PONG|NOAUTH)/);
    expect((await typed(ping, stranger.port)).output).toContain("certificate verify failed");
  });

  it("give a user a second password, and take the first one away", async () => {
    const redis = await started({ requirepass: "old" });
    const [line = ""] = linesOf("rotate");
    const add = line.replace("docker compose exec redis ", "");
    const works = async (password: string) => (await typed("redis-cli -e ping", redis.port, password)).status === 0;
    expect(await works("NEW")).toBe(false);
    expect(await typed(add, redis.port, "old")).toEqual({ status: 0, output: "OK\n" });
    expect([await works("old"), await works("NEW")]).toEqual([true, true]);
    expect(await typed("redis-cli acl setuser default '<old'", redis.port, "NEW")).toMatchObject({ output: "OK\n" });
    expect([await works("old"), await works("NEW")]).toEqual([false, true]);
  });

  it("give Compose's Redis and its health check the new password together", () => {
    expect(those("docker compose up --detach --no-deps redis").length).toBe(1);
    const variables = Object.fromEntries(Object.keys(exampleVariables()).map((name) => [name, `the-${name}`]));
    const { redis, gateway } = compose({ ...variables, REDIS_PASSWORD: "NEW" }).services;
    expect([redis.command?.at(-1), redis.environment?.REDISCLI_AUTH]).toEqual(["NEW", "NEW"]);
    expect(gateway.environment?.REDIS_URL).toContain(":NEW@");
  });

  it("name services of the Compose file and objects of the manifests", () => {
    const variables = Object.fromEntries(Object.keys(exampleVariables()).map((name) => [name, `the-${name}`]));
    const { services } = compose(variables);
    for (const command of those("docker compose up ")) expect(services).toHaveProperty(command.split(" ").at(-1) ?? "");
    const { Deployment, Service } = manifests();
    const selector = { "app.kubernetes.io/name": "gateway" };
    expect([Deployment, Service]).toMatchObject([
      { metadata: { name: "gateway" } },
      { metadata: { name: "gateway" }, spec: { selector } },
    ]);
    const kubectl = those("kubectl ");
    const [patch = ""] = kubectl.flatMap(
      (command) => /^kubectl patch service gateway --patch '(.*)'$/.exec(command)?.[1] ?? [],
    );
    const nobody: unknown = JSON.parse(patch).spec.selector;
    expect(nobody).toEqual({ "app.kubernetes.io/name": "nobody" });
    const known = [
      /^kubectl rollout restart deployment\/gateway$/,
      /^kubectl exec (-i )?deploy\/gateway -- (node_modules\/\.bin\/tollbooth-doctor|node --input-type=module - )/,
      /^kubectl patch service gateway /,
      /^kubectl apply -k deploy$/,
    ];
    expect(kubectl.filter((command) => !known.some((form) => form.test(command)))).toEqual([]);
    for (const file of ["kustomization.yaml", "owe.mjs"]) expect(existsSync(join(root, "deploy", file))).toBe(true);
  });

  it("make a password that a URL holds without escapes", async () => {
    const [command = ""] = those("openssl ");
    const { output } = await run("sh", ["-c", command], folder);
    expect(output).toMatch(/^[0-9a-f]{64}\n$/);
  });
});
