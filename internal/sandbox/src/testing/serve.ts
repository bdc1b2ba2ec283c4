// Puts an app of the sandbox on a free port for one test. The sandbox itself never listens.
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";

export interface Served {
  url: string;
  /** Cuts every connection. */
  stop(): Promise<void>;
}

export async function serve(app: Parameters<typeof getRequestListener>[0]): Promise<Served> {
  const server = createServer(getRequestListener(app));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: urlOf(server),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Where a server that listens on loopback can be asked. */
export function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("Expected a TCP port.");
  return `http://127.0.0.1:${address.port}`;
}
