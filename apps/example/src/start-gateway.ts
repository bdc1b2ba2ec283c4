// One gateway that serves: its stores, its app on a port, its payments in doubt watched, and a stop that drops no request.
import { setTimeout as sleep } from "node:timers/promises";
import { type LoadedStores, loadStores } from "@tollbooth-stores/config";
import type { Logger } from "pino";
import { gatewayApp, type SessionData } from "./app.ts";
import { ConfigError, type GatewayConfig } from "./gateway-config.ts";
import { keyvAdapter } from "./keyv-adapter.ts";
import { type AppHandler, type Listening, listen } from "./listen.ts";
import { logEvents } from "./log.ts";
import { openMetrics } from "./metrics.ts";
import { openSales } from "./sales.ts";

export interface RunningGateway {
  url: string;
  /** Where Prometheus finds its metrics, if the configuration says so. */
  metricsUrl: string | undefined;
  stores: LoadedStores<SessionData>;
  /** Not ready for as long as `drain` says, then no new connection, then at most the grace; the stores are closed last. */
  stop(): Promise<void>;
}

/** `storesSource`: what `loadStores` reads. Nothing is waited for after its port is open. Rejects, all closed, if it cannot start. */
export async function startGateway(
  config: GatewayConfig,
  storesSource: unknown,
  env: NodeJS.ProcessEnv,
  log: Logger,
): Promise<RunningGateway> {
  // First of all: connecting starts with the stores.
  const endLog = logEvents(log);
  const metrics = config.metrics && openMetrics();
  const servers: Listening[] = [];
  let stores: LoadedStores<SessionData> | undefined;
  let stopping = false;
  const close = async () => {
    await Promise.all(servers.map((each) => each.stop(0)));
    await stores?.close();
    await metrics?.stop();
    endLog();
  };
  const serve = async (app: AppHandler, { port, host }: { port: number; host: string }) => {
    const server = await listen(app, port, host).catch((error: unknown) => {
      const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      throw taken ? new ConfigError(`Port ${port} is taken; choose another.`) : error;
    });
    servers.push(server);
    return server;
  };
  try {
    const onWarning = (warning: string) => log.warn({ warning }, "configuration");
    const opened = await loadStores<SessionData>(storesSource, { env, keyv: await keyvAdapter(env), onWarning });
    stores = opened;
    const metricsUrl = metrics && config.metrics && `${(await serve(metrics.page, config.metrics)).url}/metrics`;
    const server = await serve((...request) => app.fetch(...request), config);
    const sales = openSales(config, opened, config.origin ?? server.url);
    const app = gatewayApp({ config, stores: opened, sales, log, stopping: () => stopping });
    metrics?.sample(opened);
    // Payments in doubt whose payers do not come back. Both gates share the store and the lookup, so one asks for both.
    const endReconciling = sales.requests.reconcileEvery(10_000);
    log.info({ url: server.url, metrics: metricsUrl, provider: opened.describe().verifications.provider }, "listening");
    return {
      url: server.url,
      metricsUrl,
      stores: opened,
      async stop() {
        stopping = true;
        log.info("stopping");
        await sleep(config.drain ?? 0);
        if (!(await server.stop(config.shutdownGrace))) log.warn("requests were cut off after shutdownGrace");
        await endReconciling();
        // The metrics' port too: until here the drain can be watched.
        await close();
        log.info("stopped");
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
