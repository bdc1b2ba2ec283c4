// Process: one gateway. GATEWAY_CONFIG and STORES name its two YAML files. SIGTERM, SIGINT and SIGHUP stop it.
import { isStoreError } from "@tollbooth-stores/core";
import { ConfigError, readGatewayConfig } from "./gateway-config.ts";
import { gatewayLog, unforeseen } from "./log.ts";
import { startGateway } from "./start-gateway.ts";
import { Stopped } from "./unless-stopped.ts";

const { env } = process;
const log = gatewayLog(env.LOG_LEVEL || undefined);
/** From the first moment on, and for good: PID 1 ignores other signals, and a second one cuts no request. */
const signals = ["SIGTERM", "SIGINT", "SIGHUP"].map((name) => new Promise((stop) => process.on(name, stop)));
const stop = new AbortController();
void Promise.race(signals).then(() => stop.abort());
try {
  const config = await readGatewayConfig(env.GATEWAY_CONFIG ?? "config/gateway.yaml", env);
  const gateway = await startGateway(config, env.STORES ?? "config/stores/memory.yaml", env, log, stop.signal);
  void Promise.race(signals).then(() => gateway.stop().finally(() => process.exit(0)));
} catch (error) {
  if (error instanceof Stopped) {
    log.info("stopped");
    process.exit(0);
  }
  const isOurs = error instanceof ConfigError || isStoreError(error);
  log.fatal(isOurs ? {} : unforeseen(error), isOurs ? error.message : "The gateway could not start.");
  // Mistakes in the configuration are told apart from failures by the exit code.
  process.exit(error instanceof ConfigError || isStoreError(error, "STORE_CONFIG") ? 2 : 1);
}
