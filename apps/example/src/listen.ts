// Puts a fetch-style app on a TCP port, and takes it off again without dropping a request.
import { Server } from "node:http";
import type { Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";

/** How long headers, and a whole request, may take to come in, in milliseconds. Node answers 408 then. */
export const bounds = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };

/** What `@hono/node-server` hands to an app beside the request. */
export type AppHandler = (request: Request, env: object) => Response | Promise<Response>;

export interface Listening {
  url: string;
  /** Takes no new connection, lets requests in flight finish, and cuts what is left after `graceMs`. Resolves to whether none was. */
  stop(graceMs: number): Promise<boolean>;
}

/** Port 0 is any free one. Rejects where the port cannot be had. */
export async function listen(
  app: AppHandler,
  port: number,
  hostname = "127.0.0.1",
  within: typeof bounds = bounds,
): Promise<Listening> {
  const running = new Set<Promise<unknown>>();
  const fetch: AppHandler = (request, env) => {
    const answer = Promise.resolve(app(request, env));
    running.add(answer);
    answer.finally(() => running.delete(answer)).catch(() => {});
    return answer;
  };
  const server = createAdaptorServer({ fetch, serverOptions: { ...within, maxHeaderSize: 18_432 } });
  if (!(server instanceof Server)) throw new TypeError("Expected a plain HTTP server.");
  // Without a whole head yet: Node takes them neither for idle, nor for late once it closes.
  const unheard = new Set<Socket>();
  server.on("connection", (socket: Socket) => unheard.add(socket.once("close", () => unheard.delete(socket))));
  server.on("request", ({ socket }) => unheard.delete(socket));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, hostname, resolve));
  const address = server.address();
  const host = hostname.includes(":") ? `[${hostname}]` : hostname === "0.0.0.0" ? "127.0.0.1" : hostname;
  return {
    url: `http://${host}:${typeof address === "object" ? address?.port : port}`,
    async stop(graceMs) {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeIdleConnections();
      setTimeout(() => unheard.forEach((socket) => void socket.destroy()), within.headersTimeout).unref();
      // Also those whose client has gone: their payments end properly.
      const finished = closed.then(() => Promise.allSettled(running)).then(() => true);
      const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), graceMs).unref());
      const clean = await Promise.race([finished, late]);
      if (!clean) server.closeAllConnections();
      return clean;
    },
  };
}
