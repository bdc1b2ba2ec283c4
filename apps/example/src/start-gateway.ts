// One gateway that serves: its stores, its app on a port, its payments in doubt watched, and a stop that drops no request.
import { setTimeout as sleep } from "node:timers/promises";
import { type LoadedStores, loadStores } from "@tollbooth-stores/config";
import { gatewayApp, type SessionData } from "./app.ts";
import { logEvents } from "./event-log.ts";
import { ConfigError, type GatewayConfig } from "./gateway-config.ts";
import { keyvAdapter } from "./keyv-adapter.ts";
import { listen } from "./listen.ts";
import { openSales } from "./sales.ts";

export interface RunningGateway {
  url: string;
  stores: LoadedStores<SessionData>;
  /** Not ready for as long as `drain` says, then no new connection, then at most the grace; the stores are closed last. */
  stop(): Promise<void>;
}

/** `storesSource`: what `loadStores` reads. Rejects, with everything closed, where it cannot start. */
export async function startGateway(
  config: GatewayConfig,
  storesSource: unknown,
  env: NodeJS.ProcessEnv,
): Promise<RunningGateway> {
  // First of all: connecting starts with the stores.
  const endLog = logEvents();
  const stores = await loadStores<SessionData>(storesSource, { env, keyv: await keyvAdapter(env) });
  let stopping = false;
  try {
    const server = await listen((...request) => app.fetch(...request), config.port, config.host).catch(
      (error: unknown) => {
        const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
        throw taken ? new ConfigError(`Port ${config.port} is taken; choose another.`) : error;
      },
    );
    const { url } = server;
    const sales = openSales(config, stores.verifications, config.origin ?? url);
    const app = gatewayApp({ config, stores, sales, stopping: () => stopping });
    // Payments in doubt whose payers do not come back. Both gates share the store and the lookup, so one asks for both.
    const endReconciling = sales.requests.reconcileEvery(10_000);
    return {
      url,
      stores,
      async stop() {
        stopping = true;
        await sleep(config.drain ?? 0);
        const clean = await server.stop(config.shutdownGrace);
        if (!clean) console.error(`gateway: requests were cut off after ${config.shutdownGrace} ms.`);
        await endReconciling();
        await stores.close();
        endLog();
      },
    };
  } catch (error) {
    await stores.close();
    endLog();
    throw error;
  }
}
