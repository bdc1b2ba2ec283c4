// The gateway in the test's own process, with a ledger and an upstream of its own and a clock to step.
import type { Stores } from "@tollbooth-stores/core";
import { type ManualClock, manualClock } from "@tollbooth-stores/core/testing";
import { demoAccount, type Ledger, type SandboxControls, sandboxControls, testConfig } from "@tollbooth-stores/sandbox";
import type { Logger } from "pino";
import type { PrivateKeyAccount } from "viem/accounts";
import { afterEach, beforeEach } from "vitest";
import { gatewayApp, type SessionData } from "../app.ts";
import { type GatewayConfig, readGatewayConfig } from "../gateway-config.ts";
import { gatewayLog } from "../log.ts";
import { openSales } from "../sales.ts";
import { startSandbox } from "./start-sandbox.ts";
import { newStores } from "./stores-under-test.ts";

/** Sends a GET to the gateway, from one address. */
export type Ask = (path: string, headers?: Record<string, string>) => Promise<Response>;

export interface InProcess {
  /** Funded. */
  payer: PrivateKeyAccount;
  /** The stores' clock. The ledger keeps the real time. */
  clock: ManualClock;
  /** How far the ledger's clock is ahead of it. */
  chainClock: { aheadSeconds: number };
  ledger: Ledger;
  controls: SandboxControls;
  config: GatewayConfig;
  /** Working ones, to be used as they are or with a part replaced. */
  stores: Stores<SessionData>;
  gateway(stores?: Stores<SessionData>, log?: Logger): Promise<Ask>;
}

/** Where the gateways of tests are, as their buyers see it. */
export const origin = "http://127.0.0.1:4021";

/** A gateway's asker over any stores; nothing is listened on. */
export async function askerOf(
  config: GatewayConfig,
  stores: Stores<SessionData>,
  log: Logger = gatewayLog("silent"),
): Promise<Ask> {
  const sales = openSales(config, stores, origin);
  const app = gatewayApp({ config, stores, sales, log, stopping: () => false });
  const env = { incoming: { socket: { remoteAddress: "10.0.0.1", localPort: 4021 } } };
  return async (path, headers = {}) => app.request(path, { headers }, env);
}

/** Registers the hooks; call it once at a test file's top level. Everything is new for each test. */
export function inProcessGateway(source: string = testConfig): () => InProcess {
  let current: InProcess | undefined;
  let cleanUp: () => Promise<void> = async () => undefined;

  beforeEach(async () => {
    const payer = demoAccount("in-process test");
    const sandbox = await startSandbox();
    const ledger = sandbox.books;
    ledger.mint([payer.address], 1_000_000n);
    const config = await readGatewayConfig(source, sandbox.env);
    const clock = manualClock(Date.now());
    const stores = newStores(clock);
    const controls = sandboxControls(() => sandbox);
    const gateway = (used = stores, log?: Logger) => askerOf(config, used, log);
    const { chainClock } = sandbox;
    current = { payer, clock, chainClock, ledger, controls, config, stores, gateway };
    cleanUp = async () => {
      await stores.close();
      await sandbox.stop();
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
