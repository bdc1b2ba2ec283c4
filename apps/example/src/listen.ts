// Puts a fetch-style app on a TCP port, and takes it off again without dropping a request.
import { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";

/** How long headers, and a whole request, may take to come in, in milliseconds. Node answers 408 then. */
const bounds = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 32_768,
};

export interface Listening {
  port: number;
  /** Takes no new connection, lets requests in flight finish, and cuts what is left after `graceMs`. Resolves to whether none was. */
  stop(graceMs: number): Promise<boolean>;
}

/** Rejects where the port cannot be had. */
export async function listen(
  app: (request: Request, env: object) => Response | Promise<Response>,
  port: number,
  hostname: string,
): Promise<Listening> {
  const running = new Set<Promise<unknown>>();
  const fetch = async (request: Request, env: object) => {
    const answer = Promise.resolve(app(request, env));
    running.add(answer);
    const done = () => void running.delete(answer);
    answer.then(done, done);
    return answer;
  };
  const server = createAdaptorServer({ fetch, serverOptions: bounds });
  if (!(server instanceof Server)) throw new TypeError("Expected a plain HTTP server.");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    async stop(graceMs) {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeIdleConnections();
      // Also those whose client has gone: their payments end properly.
      const finished = closed.then(() => Promise.allSettled(running)).then(() => true);
      const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), graceMs).unref());
      const clean = await Promise.race([finished, late]);
      if (!clean) server.closeAllConnections();
      return clean;
    },
  };
}
