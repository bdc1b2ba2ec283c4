// Starts the whole example as processes: the ledger, the upstream, and N gateways behind one front.

import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { ConfigError, type GatewayConfig, readGatewayConfig } from "@tollbooth-stores/example";
import { type Supervised, startChild } from "../process/supervisor.ts";
import type { ChainName } from "./chain-name.ts";
import { type Front, type OwnPages, type Passed, startFront } from "./front.ts";
import { type Instances, type InstanceView, startInstances } from "./instances.ts";

export interface FleetOptions {
  /** The folder of the built programs. */
  programs: URL;
  /** Where the ledger, its facilitator and the upstream write their logs. */
  logDirectory: string;
  /** What the ledger stands on. Default "simulated". "evm" needs nothing that npm has not installed, and a second or two more. */
  chain?: ChainName | undefined;
  /** The gateways' YAML file. */
  configFile: string;
  /** Default 1. */
  instances?: number | undefined;
  /** Instead of the file's port; 0 is any free one. */
  port?: number | undefined;
  /** How many connections one address may have at the front. Default: the front's own. Not asked where a proxy is trusted. */
  mostConnections?: number | undefined;
  env?: Readonly<Record<string, string | undefined>> | undefined;
  output?: "inherit" | "ignore" | undefined;
  onStderr?: ((text: string) => void) | undefined;
  /** What the front answers itself instead of passing it on. */
  pages?: OwnPages | undefined;
  /** Told the configuration once it is read: before anything is answered. */
  onConfig?: ((config: GatewayConfig) => void) | undefined;
  onPassed?: ((passed: Passed) => void) | undefined;
  onInstance?: ((instance: InstanceView) => void) | undefined;
  /**
   * What a gateway's process says: of its stores (`StoreReport`), a few times a second while there is something to say,
   * and once where its metrics are (`MetricsPlace`).
   */
  onReport?: ((instance: string, report: unknown) => void) | undefined;
}

export interface Fleet {
  /** The front's: the address that buyers use. */
  url: string;
  port: number;
  config: GatewayConfig;
  ledger: Supervised;
  upstream: Supervised;
  instances: Instances;
  /** Resolves with the reason when it cannot go on: the ledger or the upstream ended, or no gateway stays up. */
  readonly failed: Promise<string>;
  /** The front first, so that what is in flight can finish; then the gateways; then what they depend on. */
  stop(): Promise<void>;
}

/** Rejects, with whatever had started gone again, if a part does not come up. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { output, onStderr, instances: count = 1, chain = "simulated" } = options;
  const program = (file: string) => fileURLToPath(new URL(file, options.programs));
  const helpers: Supervised[] = [];
  const startHelper = async (name: string, file: string): Promise<Supervised> => {
    // Any free port: clients use the front's alone.
    const env = { ...options.env, LOG_DIR: options.logDirectory, LEDGER_CHAIN: chain, PORT: "0" };
    const child = await startChild({ name, file: program(file), env, output, onStderr });
    helpers.push(child);
    return child;
  };
  let front: Front | undefined;
  let instances: Instances | undefined;
  let config: GatewayConfig | undefined;
  let stopping: Promise<void> | undefined;
  const stopAll = async () => {
    await front?.stop(config?.drain ?? 0, config?.shutdownGrace ?? 0);
    await instances?.stop();
    for (const helper of helpers.splice(0).reverse()) await helper.stop();
  };
  const stop = () => {
    stopping ??= stopAll();
    return stopping;
  };
  try {
    const starting = [
      startHelper(chain === "evm" ? "EVM ledger" : "simulated ledger", "processes/simulated-ledger.js"),
      startHelper("upstream", "processes/upstream.js"),
    ] as const;
    // Where one fails, the other is waited for all the same: only then can it be stopped.
    await Promise.allSettled(starting);
    const [ledger, upstream] = await Promise.all(starting);
    const env: Record<string, string | undefined> = {
      // Behind one front all instances must issue the same tokens. A secret in the file wins.
      SESSION_SECRET: randomBytes(32).toString("base64url"),
      ...options.env,
      FACILITATOR_URL: `${ledger.url}/facilitator`,
      CHAIN_URL: `${ledger.url}/rpc`,
      UPSTREAM_URL: upstream.url,
      GATEWAY_CONFIG: options.configFile,
      GATEWAY_INSTANCES: String(count),
    };
    config = await readGatewayConfig(options.configFile, { ...process.env, ...env });
    refuseHiddenRoutes(config);
    options.onConfig?.(config);
    const port = options.port ?? config.port;
    front = await startFront({
      host: config.host,
      port,
      // Behind a proxy all connections have its address.
      mostConnections: config.trustedProxies > 0 ? Number.POSITIVE_INFINITY : options.mostConnections,
      mostBodies: config.trustedProxies > 0 ? Number.POSITIVE_INFINITY : undefined,
      instances: () => instances,
      pages: options.pages,
      onPassed: options.onPassed,
    }).catch((error: unknown) => {
      const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      throw taken ? new ConfigError(`Port ${port} is taken; choose another with --port.`) : error;
    });
    const origin = front.url;
    instances = await startInstances(count, {
      drainMs: config.shutdownGrace,
      onChange: options.onInstance,
      start: (name) =>
        startChild({
          name,
          file: program("processes/gateway.js"),
          env: { ...env, GATEWAY_INSTANCE: name, GATEWAY_ORIGIN: origin },
          output,
          onStderr,
          onMessage: (message) => options.onReport?.(name, message),
        }),
    });
    const ended = [ledger, upstream].map(async (child) => {
      await child.exited;
      return `${child.name} ended by itself`;
    });
    const { port: bound, url } = front;
    const failed = Promise.race([...ended, instances.failed]);
    return { url, port: bound, config, ledger, upstream, instances, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The front answers the dashboard's paths itself, so a route there would never be served. */
function refuseHiddenRoutes({ routes }: GatewayConfig): void {
  const hidden = routes.findIndex(({ path }) => /^\/dashboard(\/|$)/.test(path));
  if (hidden >= 0)
    throw new ConfigError(`The configuration has 1 problem(s):\n  routes.${hidden}.path: is the dashboard's own path`);
}
