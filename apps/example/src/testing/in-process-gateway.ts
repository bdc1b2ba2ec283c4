// The gateway in the test's own process, with a ledger and an upstream of its own and a clock to step.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStores, type Stores } from "@tollbooth-stores/core";
import { type ManualClock, manualClock, mapPort } from "@tollbooth-stores/core/testing";
import type { PrivateKeyAccount } from "viem/accounts";
import { afterEach, beforeEach } from "vitest";
import { demoAccount, simulatedChain } from "../chain.ts";
import { gatewayApp } from "../gateway/gateway-app.ts";
import type { GatewayConfig } from "../gateway/gateway-config.ts";
import { loadGateway } from "../gateway/load-gateway.ts";
import type { SessionData } from "../gateway/session-token.ts";
import { appendLog } from "../process/append-log.ts";
import { listen } from "../process/listen.ts";
import { type Ledger, openLedger } from "../simulated-ledger/ledger.ts";
import { ledgerApp } from "../simulated-ledger/ledger-app.ts";
import { upstreamApp } from "../upstream/upstream-app.ts";
import { testConfig } from "./test-system.ts";

/** Sends a GET to the gateway, from one address. */
export type Ask = (path: string, headers?: Record<string, string>) => Promise<Response>;

export interface InProcess {
  /** Funded. */
  payer: PrivateKeyAccount;
  /** The stores' clock. The ledger keeps the real time. */
  clock: ManualClock;
  ledger: Ledger;
  /** Working ones, to be used as they are or with a part replaced. */
  stores: Stores<SessionData>;
  gateway(stores?: Stores<SessionData>): Promise<Ask>;
}

/** A gateway's asker over any stores; nothing is listened on. */
export async function askerOf(config: GatewayConfig, stores: Stores<SessionData>): Promise<Ask> {
  const app = await gatewayApp({ config, stores, stopping: () => false });
  const env = { incoming: { socket: { remoteAddress: "10.0.0.1" } } };
  return async (path, headers = {}) => app.request(path, { headers }, env);
}

/** Registers the hooks; call it once at a test file's top level. Everything is new for each test. */
export function inProcessGateway(): () => InProcess {
  let current: InProcess | undefined;
  let cleanUp: () => Promise<void> = async () => undefined;

  beforeEach(async () => {
    const { token, chainId } = simulatedChain;
    const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };
    const payer = demoAccount("in-process test");
    const directory = mkdtempSync(join(tmpdir(), "tollbooth-in-process-"));
    const ledger = openLedger(join(directory, "ledger.jsonl"), domain, () => Math.floor(Date.now() / 1_000));
    ledger.mint([payer.address], 1_000_000n);
    const logs = [
      appendLog(join(directory, "facilitator.jsonl")),
      appendLog(join(directory, "upstream.jsonl")),
    ] as const;
    const ledgerServer = await listen(ledgerApp(ledger, logs[0]).fetch, 0);
    const upstreamServer = await listen(upstreamApp(logs[1]).fetch, 0);
    const { config, stores: configured } = await loadGateway(testConfig, {
      FACILITATOR_URL: `${ledgerServer.url}/facilitator`,
      CHAIN_URL: `${ledgerServer.url}/chain`,
      UPSTREAM_URL: upstreamServer.url,
    });
    await configured.close();
    const clock = manualClock(Date.now());
    const stores = createStores<SessionData>(mapPort(clock));
    current = { payer, clock, ledger, stores, gateway: (used = stores) => askerOf(config, used) };
    cleanUp = async () => {
      await stores.close();
      await ledgerServer.stop(100);
      await upstreamServer.stop(100);
      ledger.close();
      for (const log of logs) log.close();
      rmSync(directory, { recursive: true });
    };
  });
  afterEach(async () => {
    current = undefined;
    await cleanUp();
  });
  return () => {
    if (current === undefined) throw new Error("The gateway is not running.");
    return current;
  };
}
