// The gateway in the test's own process, over a real socket.
import { readSource } from "@tollbooth-stores/config";
import type { Logger } from "pino";
import { readGatewayConfig } from "../gateway-config.ts";
import { gatewayLog } from "../log.ts";
import { startGateway } from "../start-gateway.ts";

export interface ServedGateway {
  url: string;
  metricsUrl?: string | undefined;
  /** Its stores, too. */
  stop(): Promise<void>;
}

/** `source`: a YAML file's path, or its text. It holds its stores, or `env.STORES` names their file. Any free port is taken. */
export async function serveGateway(
  source: string,
  env: NodeJS.ProcessEnv,
  log: Logger = gatewayLog("silent"),
): Promise<ServedGateway> {
  const config = { ...(await readGatewayConfig(source, env)), port: 0, shutdownGrace: 1_000 };
  return startGateway(config, env.STORES ?? (await readSource(source)).value, env, log);
}
