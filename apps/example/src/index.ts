// The gateway as a library, for a program that runs several: its configuration, its reports, and how its process starts and ends.
// The program of one gateway is "@tollbooth-stores/example/gateway".

export { clientIp } from "./gateway/client-ip.ts";
// The configuration.
export { ConfigError, type GatewayConfig, type Limit, type RouteConfig } from "./gateway/gateway-config.ts";
// What a gateway tells its parent.
export {
  bucketMs,
  type DecisionReport,
  type GatewayReport,
  latencyBucket,
  readGatewayReport,
  type SessionReport,
} from "./gateway/gateway-report.ts";
export { readGatewayConfig } from "./gateway/load-gateway.ts";
export { keepLatest } from "./keep-latest.ts";

// A process that serves, under a parent or by itself.
export { type RunningChild, requiredEnv, runChild } from "./process/child.ts";
export { type AppHandler, type Listening, listen, portOf } from "./process/listen.ts";
