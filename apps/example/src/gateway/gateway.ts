// Process: one gateway. Takes its YAML file's path from GATEWAY_CONFIG, and PORT instead of the file's port if set.
// Behind the front of `npm start` it also takes GATEWAY_BEHIND_FRONT, GATEWAY_ORIGIN, GATEWAY_INSTANCE(S) and
// GATEWAY_SESSION_SECRET.
import { setTimeout as sleep } from "node:timers/promises";
import { isStoreError } from "@tollbooth-stores/core";
import { requiredEnv, runChild, tellParent } from "../process/child.ts";
import { listen } from "../process/listen.ts";
import { logConnections } from "./connection-log.ts";
import { gatewayApp } from "./gateway-app.ts";
import { ConfigError, type GatewayConfig } from "./gateway-config.ts";
import { startReporting } from "./gateway-report.ts";
import { loadGateway } from "./load-gateway.ts";
import { watchOpenPayments } from "./open-payments.ts";

/** One address may have so many connections open. Behind a proxy all are the proxy's, and the bound is its business. */
const mostConnections = 512;

/** How long a gateway that was told to stop goes on taking requests, so that the front hears of it first. */
const frontNoticesMs = 100;

/** What changes where a front of ours stands before the gateway: the front is one more proxy, and drains for it. */
function placed(config: GatewayConfig, env: NodeJS.ProcessEnv): GatewayConfig {
  const { GATEWAY_INSTANCE: name = "gateway", GATEWAY_SESSION_SECRET: secret } = env;
  const known = { ...config, instance: `${name}/${process.pid}`, sessionSecret: config.sessionSecret ?? secret };
  if (env.GATEWAY_BEHIND_FRONT === undefined) return known;
  const origin = config.origin ?? env.GATEWAY_ORIGIN;
  return { ...known, origin, host: "127.0.0.1", drainMs: frontNoticesMs, trustedProxies: config.trustedProxies + 1 };
}

await runChild(
  "gateway",
  async () => {
    const { env } = process;
    // First of all: connecting starts with the stores.
    const endConnectionLog = logConnections();
    const loaded = await loadGateway(requiredEnv("GATEWAY_CONFIG"), env, Number(env.GATEWAY_INSTANCES ?? 1));
    const { stores } = loaded;
    const config = placed(loaded.config, env);
    let stopping = false;
    try {
      const app = await gatewayApp({ config, stores, stopping: () => stopping });
      const port = Number(env.PORT ?? config.port);
      const bounds = config.trustedProxies > 0 ? {} : { mostConnections };
      const server = await listen(app.fetch, port, config.host, bounds).catch((error: unknown) => {
        const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
        throw taken ? new ConfigError(`Port ${port} is taken; choose another with --port.`) : error;
      });
      const endWatching = watchOpenPayments(config, stores);
      // Nobody hears it where the gateway is run by itself.
      const endReporting = process.connected ? startReporting(stores.describe(), tellParent) : () => undefined;
      return {
        ...server,
        async stop() {
          // Not ready from now on; then no new connection; then, when the last answer is out, the stores.
          stopping = true;
          if (config.drainMs > 0) await sleep(config.drainMs);
          const clean = await server.stop(config.shutdownGraceMs);
          if (!clean) console.error(`gateway: requests were cut off after ${config.shutdownGraceMs} ms.`);
          await endWatching();
          await stores.close();
          endConnectionLog();
          endReporting();
        },
      };
    } catch (error) {
      await stores.close();
      throw error;
    }
  },
  // Mistakes in the configuration are told apart from failures by the exit code.
  (error) => (error instanceof ConfigError || isStoreError(error, "STORE_CONFIG") ? 2 : 1),
);
