// Process: one gateway. GATEWAY_CONFIG and STORES name its two YAML files. SIGTERM, SIGINT and SIGHUP stop it.
import { isStoreError } from "@tollbooth-stores/core";
import { ConfigError, readGatewayConfig } from "./gateway-config.ts";
import { startGateway } from "./start-gateway.ts";

const { env } = process;
/** From the first moment on: the first process of a container ignores a signal that it does not listen to. */
const stopRequested = new Promise<void>((resolve) => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => resolve());
});
try {
  const config = await readGatewayConfig(env.GATEWAY_CONFIG ?? "config/gateway.yaml", env);
  const gateway = await startGateway(config, env.STORES ?? "config/stores/memory.yaml", env);
  console.log(`gateway: ${gateway.url}`);
  void stopRequested.then(() => gateway.stop().finally(() => process.exit(0)));
} catch (error) {
  console.error(`gateway: ${error instanceof Error ? error.message : error}`);
  // Mistakes in the configuration are told apart from failures by the exit code.
  process.exit(error instanceof ConfigError || isStoreError(error, "STORE_CONFIG") ? 2 : 1);
}
