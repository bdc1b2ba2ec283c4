// The whole example as real processes on free ports, for one test file: started once, always stopped.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Fleet, type FleetOptions, startFleet } from "../fleet/start-fleet.ts";
import { readLog } from "../process/append-log.ts";
import { payTo } from "./forge.ts";

/** The built programs; the `test` task depends on `build`. */
export const programs: URL = new URL("../../dist/", import.meta.url);

/** A configuration in which nothing but what a test is about is in the way. */
export const testConfig: string = `
payTo: "${payTo}"
network: eip155:84532
facilitator: { url: "\${FACILITATOR_URL}", timeout: 5s }
chain: { url: "\${CHAIN_URL}" }
upstream: { url: "\${UPSTREAM_URL}", timeout: 5s }
limits:
  perIp: { limit: 100000, window: 1m }
  perPayer: { limit: 1000, window: 1m }
routes:
  - { path: /quote, kind: per-request, price: "$0.01" }
  - { path: /report, kind: per-request, price: "$0.01" }
  - { path: /order, kind: per-request, method: POST, price: "$0.02" }
  - { path: /stream, kind: time-window, price: "$0.01", window: 10m }
  - { path: /search, kind: calls, price: "$0.01", calls: 3 }
stores: { provider: memory }
`;

type LogName = "ledger" | "facilitator" | "upstream";

export interface TestSystem {
  /** The gateway's address. */
  url(path?: string): string;
  running(): Fleet;
  /** A payer of its own with 10 USDC, known to nobody before. */
  payer(): Promise<PrivateKeyAccount>;
  /** What a process wrote: "transfer" (ledger), "verify" and "settle" (facilitator), "run" (upstream). */
  logged(log: LogName, kind: string): Record<string, unknown>[];
  /** verify calls, handler runs and transfers so far. */
  counts(): { verifies: number; runs: number; transfers: number };
  /** What the simulated ledger shall do wrong, until the test ends. */
  fault(fault: object): Promise<void>;
  /** How the upstream shall behave, until the test ends. */
  upstream(behaviour: object): Promise<void>;
}

async function send(method: string, url: string, body?: object): Promise<void> {
  const response = await fetch(url, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${response.status}`);
}

/** The configuration with its state in the Redis at `url`. */
export function onRedis(config: string, url: string): string {
  return config.replace("stores: { provider: memory }", `stores: { provider: ioredis, redis: { url: "${url}" } }`);
}

/** Registers the hooks; call it once at a test file's top level. */
export function testSystem(config: string = testConfig, options: Partial<FleetOptions> = {}): TestSystem {
  let system: Fleet | undefined;
  let directory: string | undefined;
  const running = () => {
    if (system === undefined) throw new Error("The system is not running.");
    return system;
  };
  const logged = (log: LogName, kind: string) =>
    readLog(join(directory ?? "", `${log}.jsonl`)).filter((entry) => entry.kind === kind);

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "tollbooth-test-"));
    const configFile = join(directory, "gateway.yaml");
    writeFileSync(configFile, config);
    system = await startFleet({ programs, logDirectory: directory, configFile, port: 0, ...options });
  }, 60_000);
  afterEach(async () => {
    await send("DELETE", `${running().ledger.url}/admin/faults`);
    await send("PUT", `${running().upstream.url}/admin/behaviour`, {});
  });
  afterAll(async () => {
    await system?.stop();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  }, 60_000);

  return {
    url: (path = "") => running().url + path,
    running,
    async payer() {
      const account = privateKeyToAccount(generatePrivateKey());
      await send("POST", `${running().ledger.url}/admin/mint`, { account: account.address, value: "10000000" });
      return account;
    },
    logged,
    counts: () => ({
      verifies: logged("facilitator", "verify").length,
      runs: logged("upstream", "run").length,
      transfers: logged("ledger", "transfer").length,
    }),
    fault: (fault) => send("POST", `${running().ledger.url}/admin/faults`, fault),
    upstream: (behaviour) => send("PUT", `${running().upstream.url}/admin/behaviour`, behaviour),
  };
}
