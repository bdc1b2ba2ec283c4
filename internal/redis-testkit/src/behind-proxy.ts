// A server that announces a network proxy's address as its own, so that clients reach it by the proxy.
import { isRedis7OrNewer } from "./find-server.ts";
import { type Address, type NetProxy, startNetProxy } from "./net-proxy.ts";
import type { RunningRedis } from "./server-process.ts";

/**
 * True: a proxy before each server, whose faults strike clients and spare what servers and sentinels open between
 * themselves. "everyone": its faults strike those too. They are told apart by their source address, which needs Linux
 * and Redis 7; elsewhere true means "everyone".
 */
export type Proxied = boolean | "everyone";

/** A server as its clients see it. Its own `host`, `port`, `url` and `command` lead past the proxy. */
export interface Reachable {
  /** Where clients connect: the proxy, or the server itself where there is none. */
  readonly address: Address;
  readonly proxy: NetProxy | undefined;
}

const PEERS_ADDRESS = "127.0.0.2";

/** Starts a server with a proxy before it. `start` gets the address to announce, and lines for its configuration. */
export async function startBehindProxy<S extends RunningRedis>(
  proxied: Proxied,
  start: (announced: Address | undefined, lines: readonly string[]) => Promise<S>,
): Promise<S & Reachable> {
  if (proxied === false) {
    const server = await start(undefined, []);
    return Object.assign(server, { address: { host: server.host, port: server.port }, proxy: undefined });
  }
  const isToldApart = proxied === true && process.platform === "linux" && (await isRedis7OrNewer());
  const spares = isToldApart ? [PEERS_ADDRESS] : [];
  const lines = spares.map((address) => `bind-source-addr ${address}`);
  const proxy = await startNetProxy(undefined, { spares });
  try {
    const server = await start(proxy, lines);
    const { stop } = server;
    proxy.retarget({ host: server.host, port: server.port });
    // Assigned, not spread: `pid` is a getter.
    return Object.assign(server, {
      address: { host: proxy.host, port: proxy.port },
      proxy,
      async stop() {
        await proxy.close();
        await stop();
      },
    });
  } catch (error) {
    await proxy.close();
    throw error;
  }
}
