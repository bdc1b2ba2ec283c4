// The configuration: what is read, and how each mistake is told.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { testConfig } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { readGatewayConfig } from "./gateway-config.ts";

const urls = {
  FACILITATOR_URL: "http://127.0.0.1:1/facilitator",
  CHAIN_URL: "http://127.0.0.1:1/chain",
  UPSTREAM_URL: "http://127.0.0.1:2/",
};
const secret = { SESSION_SECRET: "s".repeat(32) };
const load = (source: string, env: Record<string, string> = urls) => readGatewayConfig(source, env);

describe("the gateway's configuration", () => {
  test("config/gateway.yaml is one, and says what its comments say", async () => {
    const file = fileURLToPath(new URL("../config/gateway.yaml", import.meta.url));
    const config = await load(file, { ...urls, ...secret });
    expect(config).toMatchObject({
      port: 4021,
      host: "127.0.0.1",
      paymentTimeout: 120_000,
      paymentLease: 10_000,
      upstream: { url: "http://127.0.0.1:2", timeout: 5_000 },
      metrics: { host: "127.0.0.1", port: 9_464 },
      trustedProxies: 0,
      sessionSecret: secret.SESSION_SECRET,
    });
    const env = { ...urls, ...secret, PORT: "8080", TRUSTED_PROXIES: "2", METRICS_PORT: "0" };
    expect(await load(file, env)).toMatchObject({ port: 8_080, trustedProxies: 2, metrics: { port: 0 } });
    await expect(load(file, urls)).rejects.toThrow(/sessionSecret: the variable SESSION_SECRET is not set/);
    expect(config.routes.map(({ kind }) => kind)).toEqual(["per-request", "time-window", "calls"]);
  });

  test("the README shows config/gateway.yaml's routes as they are", () => {
    const text = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
    const shown = /```yaml\n([\s\S]*?)```/.exec(text("README.md"))?.[1] ?? "";
    expect(shown).not.toBe("");
    expect(text("config/gateway.yaml")).toContain(shown);
  });

  test("takes numbers from variables, and expands each once", async () => {
    const source = testConfig.replace("payTo:", `port: \${GATEWAY_PORT}\npayTo:`);
    const secret = `a secret with \${NOTHING} in it, and #:' too`;
    const known = source.replace(/sessionSecret: .*/, `sessionSecret: \${SECRET}`);
    const config = await load(known, { ...urls, GATEWAY_PORT: "8080", SECRET: secret });
    expect([config.port, config.sessionSecret]).toEqual([8_080, secret]);
  });

  test.each([
    ["invalid YAML", testConfig.replace("stores: {", "stores: {{"), /not valid YAML/],
    ["no mapping", "- a\n- list\n", /payTo/],
    [
      "a missing variable",
      testConfig.replace(/sessionSecret: .*/, `sessionSecret: \${NOT_SET}`),
      /sessionSecret: the variable NOT_SET is not set/,
    ],
    ["a key that does not exist", `${testConfig}\nprices: 3\n`, /prices/],
    [
      "a recipient that is no address",
      testConfig.replace(/payTo: ".*"/, 'payTo: "0x12"'),
      /payTo: must be an address of 20 bytes/,
    ],
    [
      "a network that is not EVM",
      testConfig.replace("eip155:84532", "solana:1"),
      /network: must be like "eip155:84532"/,
    ],
    ["no routes", testConfig.replace(/routes:[\s\S]*stores:/, "routes: []\nstores:"), /routes: must list at least one/],
    ["a route twice", testConfig.replace("path: /report", "path: /quote"), /routes: lists a method and path twice/],
    [
      "the gateway's own path",
      testConfig.replace("path: /report", "path: /healthz"),
      /routes\.1\.path: is the gateway's own path/,
    ],
    ["a price in words", testConfig.replace('"$0.02"', '"cheap"'), /routes\.2\.price: must be a price such as/],
    ["a window of nothing", testConfig.replace("window: 10m", "window: 0s"), /routes\.3\.window: /],
    ["a lease that is over at once", `${testConfig}\npaymentLease: 500ms\n`, /paymentLease: must be 1s to 60s/],
    ["a limit below 1", testConfig.replace("limit: 1000,", "limit: 0,"), /limits\.perPayer\.limit: /],
    [
      "an upstream that is no URL",
      testConfig.replace(/"\$\{UPSTREAM_URL\}"/, '"ftp://x"'),
      /upstream\.url: must be an http\(s\) URL/,
    ],
    ["a price of nothing", testConfig.replace('"$0.02"', '"$0.00"'), /routes\.2\.price: must be more than nothing/],
    [
      "a price too fine for the token",
      testConfig.replace('"$0.02"', '"$0.0000001"'),
      /routes\.2\.price: must be a price/,
    ],
    ["a host that others can reach, and no origin", `${testConfig}\nhost: 0.0.0.0\n`, /origin: must be set/],
  ])("with %s is refused, and told where", async (_name, source, message) => {
    await expect(load(source)).rejects.toThrow(message);
  });

  test.each(["127.0.0.1", "localhost", "::1"])("needs no origin on %s", async (host) => {
    expect((await load(`${testConfig}\nhost: "${host}"\n`)).origin).toBeUndefined();
  });

  test("takes an origin where others can connect", async () => {
    const config = await load(`${testConfig}\nhost: 0.0.0.0\norigin: https://api.example.com/\n`);
    expect(config.origin).toBe("https://api.example.com");
  });

  test("tells every problem at once, and no value", async () => {
    const source = testConfig.replace(/sessionSecret: .*/, "sessionSecret: hunter2").replace('"$0.02"', '"topsecret"');
    const error: unknown = await load(source).catch((reason: unknown) => reason);
    const text = error instanceof Error ? error.message : "";
    expect(text).toMatch(/problem\(s\)/);
    expect(text).toMatch(/routes\.2\.price: must be a price/);
    expect(text).toMatch(/sessionSecret: must have at least 32 characters/);
    expect(text).not.toMatch(/hunter2|topsecret/);
  });
});
