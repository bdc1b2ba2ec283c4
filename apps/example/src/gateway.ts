// Process: one gateway. GATEWAY_CONFIG and STORES name its two YAML files. SIGTERM, SIGINT and SIGHUP stop it.
import { once } from "node:events";
import { isStoreError } from "@tollbooth-stores/core";
import { ConfigError, readGatewayConfig } from "./gateway-config.ts";
import { gatewayLog, unforeseen } from "./log.ts";
import { startGateway } from "./start-gateway.ts";

const { env } = process;
const log = gatewayLog(env.LOG_LEVEL || undefined);
/** From the first moment on: the first process of a container ignores a signal that it does not listen to. */
const stopRequested = Promise.race(["SIGTERM", "SIGINT", "SIGHUP"].map((signal) => once(process, signal)));
try {
  const config = await readGatewayConfig(env.GATEWAY_CONFIG ?? "config/gateway.yaml", env);
  const gateway = await startGateway(config, env.STORES ?? "config/stores/memory.yaml", env, log);
  void stopRequested.then(() => gateway.stop().finally(() => process.exit(0)));
} catch (error) {
  const isOurs = error instanceof ConfigError || isStoreError(error);
  log.fatal(isOurs ? {} : unforeseen(error), isOurs ? error.message : "The gateway could not start.");
  // Mistakes in the configuration are told apart from failures by the exit code.
  process.exit(error instanceof ConfigError || isStoreError(error, "STORE_CONFIG") ? 2 : 1);
}
