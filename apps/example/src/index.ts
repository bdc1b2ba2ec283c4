// The gateway as a library, for a program that runs several: its configuration, and its start.
// The program of one gateway is "@tollbooth-stores/example/gateway".

// The configuration, and who is asking by it.
export { clientIp } from "./client-ip.ts";
export { ConfigError, type GatewayConfig, type Limit, type RouteConfig } from "./gateway/gateway-config.ts";
export { readGatewayConfig } from "./gateway/load-gateway.ts";
export { type RunningGateway, startGateway } from "./gateway/start-gateway.ts";
