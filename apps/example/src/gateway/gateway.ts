// Process: the gateway. Takes its YAML file's path from GATEWAY_CONFIG, and PORT instead of the file's port if set.
import { setTimeout as sleep } from "node:timers/promises";
import { isStoreError } from "@tollbooth-stores/core";
import { requiredEnv, runChild } from "../process/child.ts";
import { listen } from "../process/listen.ts";
import { gatewayApp } from "./gateway-app.ts";
import { ConfigError } from "./gateway-config.ts";
import { loadGateway } from "./load-gateway.ts";

await runChild(
  "gateway",
  async () => {
    const { config, stores } = await loadGateway(requiredEnv("GATEWAY_CONFIG"), process.env);
    let stopping = false;
    try {
      const app = await gatewayApp({ config, stores, stopping: () => stopping });
      const port = Number(process.env.PORT ?? config.port);
      const server = await listen(app.fetch, port, config.host).catch((error: unknown) => {
        const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
        throw taken ? new ConfigError(`Port ${port} is taken; choose another with --port.`) : error;
      });
      return {
        ...server,
        async stop() {
          // Not ready from now on; then no new connection; then, when the last answer is out, the stores.
          stopping = true;
          if (config.drainMs > 0) await sleep(config.drainMs);
          const clean = await server.stop(config.shutdownGraceMs);
          if (!clean) console.error(`gateway: requests were cut off after ${config.shutdownGraceMs} ms.`);
          await stores.close();
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
