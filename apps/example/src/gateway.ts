// Process: one gateway. GATEWAY_CONFIG and STORES name its two YAML files. A signal stops it. Exit code 2: a mistake in what it was given.
import type { RunningGateway } from "./start-gateway.ts";

let gateway: RunningGateway | undefined;
/** Before anything is loaded, for PID 1 ignores what it has no handler for; and for good: a second signal cuts no request. */
const signals = ["SIGTERM", "SIGINT", "SIGHUP"].map((name) => new Promise((stop) => process.on(name, stop)));
void Promise.race(signals).then(() => (gateway?.stop() ?? Promise.resolve()).finally(() => process.exit(0)));

const { isStoreError } = await import("@tollbooth-stores/core");
const { errorForLog } = await import("@tollbooth-stores/http");
const { ConfigError, gatewayLog, logConsole, readGatewayConfig, startGateway } = await import("./index.ts");
const { env } = process;
let log = gatewayLog();
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
