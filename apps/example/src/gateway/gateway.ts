// Process: one gateway. GATEWAY_CONFIG names its YAML file, and PORT wins over the file's port. SIGTERM stops it, as do SIGINT and SIGHUP.
import { isStoreError } from "@tollbooth-stores/core";
import { ConfigError } from "./gateway-config.ts";
import { startGateway } from "./start-gateway.ts";

const { GATEWAY_CONFIG: file = "", PORT: port = "" } = process.env;
try {
  if (file === "") throw new ConfigError("the environment variable GATEWAY_CONFIG is not set.");
  const gateway = await startGateway(file, process.env, {
    adapt: (config) => (port === "" ? config : { ...config, port: Number(port) }),
  });
  console.log(`gateway: ${gateway.url}`);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await gateway.stop();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, stop);
} catch (error) {
  console.error(`gateway: ${error instanceof Error ? error.message : String(error)}`);
  // Mistakes in the configuration are told apart from failures by the exit code.
  process.exit(error instanceof ConfigError || isStoreError(error, "STORE_CONFIG") ? 2 : 1);
}
