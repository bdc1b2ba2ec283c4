// The Compose file: its schema and a linter, what the document asks for, and the time that it gives a gateway to stop.
import { join } from "node:path";
import { parseDuration } from "@tollbooth-stores/core";
import { DCLinter } from "dclint";
import { describe, expect, it } from "vitest";
import { deadlines } from "./deadlines.ts";
import { compose, exampleVariables, folder, root, textOf } from "./files.ts";

const linter = new DCLinter({
  // As the formatter has it.
  rules: { "require-quotes-in-ports": [2, { quoteType: "double" }] },
  quiet: false,
  debug: false,
  exclude: [],
});
interface Said {
  messages: { rule: string; message: string }[];
}
const saidOf = (file: string): string[] =>
  linter
    .lintFiles([file], false)
    .flatMap(({ messages }: Said) => messages.map(({ rule, message }) => `${rule}: ${message}`));
const variables = Object.fromEntries(
  Object.entries(exampleVariables()).map(([name, value]) => [name, value === "" ? `the-${name}` : value]),
);
const { services, networks } = compose(variables);

describe("the Compose file", () => {
  it("fits Compose's schema and gives the linter nothing to say, which has much to say of the scaling guide's example", () => {
    expect(saidOf(join(folder, "compose.yaml"))).toEqual([]);
    const sample = saidOf(join(root, "packages/doctor/src/fixtures/compose-from-the-document.yaml"));
    expect(sample.join("\n")).toMatch(/"redis" is exporting port "6379:6379" without specifying the interface/);
  });

  it("names every variable that an operator must fill in, and .env.example lists them all", () => {
    const used = [...textOf("compose.yaml").matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    const empty = Object.entries(exampleVariables()).flatMap(([name, value]) => (value === "" ? [name] : []));
    expect(new Set(used)).toEqual(new Set(empty));
    expect(() => compose({})).toThrow("REDIS_PASSWORD is not set in .env");
  });

  it("starts gateways once Redis is healthy, and the balancer once they are", () => {
    expect(services.gateway.depends_on).toEqual({ redis: { condition: "service_healthy" } });
    expect(services.balancer.depends_on).toEqual({ gateway: { condition: "service_healthy" } });
    expect(services.redis.healthcheck?.test).toEqual(["CMD", "redis-cli", "-e", "ping"]);
    expect(services.gateway.deploy?.replicas).toBeGreaterThanOrEqual(2);
  });

  it("keeps Redis private: no port, and a network that leads nowhere and has nothing else on it", () => {
    expect(services.redis.ports).toBeUndefined();
    expect(services.redis.networks).toEqual(["stores"]);
    expect(networks.stores).toEqual({ internal: true });
    const onStores = Object.entries(services).filter(([, { networks: joined }]) => joined?.includes("stores"));
    expect(onStores.map(([name]) => name).sort()).toEqual(["gateway", "redis"]);
    expect(services.redis.volumes).toEqual(["redis_data:/data"]);
  });

  it("mounts the configuration read-only where the image looks for it", () => {
    expect(services.gateway.volumes).toEqual(["./tollbooth.config.yaml:/app/tollbooth.config.yaml:ro"]);
    expect(services.gateway.read_only).toBe(true);
    expect(textOf("Dockerfile")).toContain("GATEWAY_CONFIG=/app/tollbooth.config.yaml");
  });

  it("has an init before Node, which as the first process ignores a SIGTERM until its program has begun", () => {
    expect(services.gateway.init).toBe(true);
  });

  it("waits for a gateway longer than it may take to stop", async () => {
    const { stopMs, shutdownGraceMs, longestRequestMs } = await deadlines();
    expect(shutdownGraceMs).toBeGreaterThan(longestRequestMs);
    expect(parseDuration(services.gateway.stop_grace_period ?? "")).toBeGreaterThan(stopMs);
  });
});

describe("the balancer", () => {
  const milliseconds = (setting: string) =>
    parseDuration(new RegExp(`\\b${setting} (\\d+m?s)`).exec(textOf("haproxy.cfg"))?.[1] ?? "");
  const count = (setting: string) => Number(new RegExp(`\\b${setting} (\\d+)`).exec(textOf("haproxy.cfg"))?.[1]);

  it("notices within the drain that a gateway is not ready any more, by /readyz", async () => {
    expect(textOf("haproxy.cfg")).toMatch(/^ +http-check send meth GET uri \/readyz .* hdr Host /m);
    const noticedMs = count("fall") * milliseconds("inter") + milliseconds("timeout check");
    expect((await deadlines()).drainMs).toBeGreaterThan(noticedMs);
  });

  it("waits for the longest request, and repeats only what never reached a gateway", async () => {
    expect(milliseconds("timeout server")).toBeGreaterThan((await deadlines()).longestRequestMs);
    expect(textOf("haproxy.cfg")).toMatch(/^ +retry-on conn-failure$/m);
  });
});
