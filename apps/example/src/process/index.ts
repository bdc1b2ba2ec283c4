// "@tollbooth-stores/example/process": a process that serves, under a parent or by itself. It loads nothing of the gateway.

export { type RunningChild, requiredEnv, runChild } from "./child.ts";
export { boundConnections, heldByAddress } from "./connections-by-address.ts";
export { type AppHandler, type Listening, type ListenOptions, listen, portOf } from "./listen.ts";
