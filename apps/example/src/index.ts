// The gateway as a library, for a program that runs several. The program of one is "@tollbooth-stores/example/gateway".
export { ConfigError, type GatewayConfig, type Limit, type RouteConfig, readGatewayConfig } from "./gateway-config.ts";
export { gatewayLog, logConsole } from "./log.ts";
export { type RunningGateway, startGateway } from "./start-gateway.ts";
