// Puts a fetch-style app on a TCP port, and takes it off again without dropping a request.
import { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";

/** Request lines and headers together; Node answers 431 by itself above it. */
const maxHeaderBytes = 16_384;

/** How often connections that take too long are looked for, at the least, in milliseconds. */
const lookEveryMs = 1_000;

export interface ListenOptions {
  /**
   * How long headers, and a whole request, may take to come in, in milliseconds; Node answers 408 and closes the connection.
   * Default 5,000 and 10,000.
   */
  sendWithinMs?: { headers: number; request: number } | undefined;
}

export interface Listening {
  port: number;
  url: string;
  /**
   * Takes no new connection, lets the requests in flight finish (also those whose client has gone), and cuts what is
   * left after `graceMs`. Resolves to whether everything finished by itself.
   */
  stop(graceMs: number): Promise<boolean>;
}

/** What `@hono/node-server` hands to an app beside the request. */
export type AppHandler = (request: Request, env: object) => Response | Promise<Response>;

/** Listens on `hostname:port` (0: any free port). Rejects when the port cannot be had. */
export async function listen(
  app: AppHandler,
  port: number,
  hostname = "127.0.0.1",
  { sendWithinMs = { headers: 5_000, request: 10_000 } }: ListenOptions = {},
): Promise<Listening> {
  const running = new Set<Promise<unknown>>();
  const fetch: AppHandler = async (request, env) => {
    const answer = Promise.resolve(app(request, env));
    running.add(answer);
    const done = () => void running.delete(answer);
    answer.then(done, done);
    return answer;
  };
  const deadlines = {
    headersTimeout: sendWithinMs.headers,
    requestTimeout: sendWithinMs.request,
    connectionsCheckingInterval: Math.min(lookEveryMs, sendWithinMs.headers),
  };
  const server = createAdaptorServer({ fetch, serverOptions: { maxHeaderSize: maxHeaderBytes, ...deadlines } });
  if (!(server instanceof Server)) throw new TypeError("Expected a plain HTTP server.");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  return {
    ...portOf(server, hostname),
    async stop(graceMs) {
      let timer: NodeJS.Timeout | undefined;
      const graceOver = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), graceMs);
      });
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeIdleConnections();
      const finished = closed.then(() => Promise.allSettled(running)).then(() => true);
      const clean = await Promise.race([finished, graceOver]);
      clearTimeout(timer);
      if (!clean) server.closeAllConnections();
      return clean;
    },
  };
}

/** Where a listening server can be asked, from this machine. */
export function portOf(server: Server, hostname: string): { port: number; url: string } {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("Expected a TCP port.");
  const host = hostname.includes(":") ? `[${hostname}]` : hostname === "0.0.0.0" ? "127.0.0.1" : hostname;
  return { port: address.port, url: `http://${host}:${address.port}` };
}
