// An app of the sandbox on a free port, in the test's own process.
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";

export interface OnPort {
  readonly url: string;
  /** Cuts every connection. */
  stop(): Promise<void>;
}

export async function onPort(fetch: Parameters<typeof getRequestListener>[0]): Promise<OnPort> {
  const http = createServer(getRequestListener(fetch, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => void http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  if (address === null || typeof address === "string") throw new TypeError("Expected a TCP port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
