// One gateway that serves: its app on a port, its open payments watched, and a stop that drops no request.
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment, StoresDescription } from "@tollbooth-stores/config";
import { listen } from "../listen.ts";
import { logConnections } from "./connection-log.ts";
import { gatewayApp } from "./gateway-app.ts";
import { ConfigError, type GatewayConfig } from "./gateway-config.ts";
import { loadGateway } from "./load-gateway.ts";
import { watchOpenPayments } from "./open-payments.ts";

export interface RunningGateway {
  port: number;
  url: string;
  /** Where its state is kept. */
  stores: StoresDescription;
  /** Not ready for as long as `drain` says, then no new connection, then at most the grace; the stores are closed last. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** What the program around it knows better than the file: the port, say. Default: nothing. */
  adapt?: ((config: GatewayConfig) => GatewayConfig) | undefined;
  /** How many gateways run on these stores; several need stores that are shared. Default 1. */
  instances?: number | undefined;
}

/** Rejects, with the stores closed, with a ConfigError or a StoreError with code STORE_CONFIG for what the user can mend. */
export async function startGateway(
  source: string,
  env: Environment,
  { adapt = (config) => config, instances = 1 }: StartOptions = {},
): Promise<RunningGateway> {
  // First of all: connecting starts with the stores.
  const endConnectionLog = logConnections();
  const loaded = await loadGateway(source, env, instances);
  const { stores } = loaded;
  let stopping = false;
  try {
    const config = adapt(loaded.config);
    const app = await gatewayApp({ config, stores, stopping: () => stopping });
    const server = await listen(app.fetch, config.port, config.host).catch((error: unknown) => {
      const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      throw taken ? new ConfigError(`Port ${config.port} is taken; choose another.`) : error;
    });
    const endWatching = watchOpenPayments(config, stores);
    return {
      ...server,
      stores: stores.describe(),
      async stop() {
        stopping = true;
        if (config.drainMs > 0) await sleep(config.drainMs);
        const clean = await server.stop(config.shutdownGraceMs);
        if (!clean) console.error(`gateway: requests were cut off after ${config.shutdownGraceMs} ms.`);
        await endWatching();
        await stores.close();
        endConnectionLog();
      },
    };
  } catch (error) {
    await stores.close();
    endConnectionLog();
    throw error;
  }
}
