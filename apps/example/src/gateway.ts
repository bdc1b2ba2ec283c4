// Process: one gateway. GATEWAY_CONFIG and STORES name its two YAML files. A signal stops it. Exit code 2: a mistake in what it was given.
import { isStoreError } from "@tollbooth-stores/core";
import { errorForLog } from "@tollbooth-stores/http";
import { ConfigError, readGatewayConfig } from "./gateway-config.ts";
import { gatewayLog, logConsole } from "./log.ts";
import { type RunningGateway, startGateway } from "./start-gateway.ts";

const { env } = process;
let log = gatewayLog();
/** From the first moment on, and for good: PID 1 ignores other signals, and a second one cuts no request. */
const signals = ["SIGTERM", "SIGINT", "SIGHUP"].map((name) => new Promise((stop) => process.on(name, stop)));
let gateway: RunningGateway | undefined;
void Promise.race(signals).then(() => (gateway?.stop() ?? Promise.resolve()).finally(() => process.exit(0)));
try {
  log = gatewayLog(env.LOG_LEVEL || undefined);
  logConsole(log);
  const config = await readGatewayConfig(env.GATEWAY_CONFIG ?? "config/gateway.yaml", env);
  gateway = await startGateway(config, env.STORES ?? "config/stores/memory.yaml", env, log);
} catch (error) {
  const isOurs = error instanceof ConfigError || isStoreError(error);
  log.fatal(isOurs ? {} : errorForLog(error), isOurs ? error.message : "The gateway could not start.");
  process.exit(error instanceof ConfigError || isStoreError(error, "STORE_CONFIG") ? 2 : 1);
}
