// Something on a port that is taken for a Redis: another program, or a server that says nothing.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AtEnd } from "./connection-scene.ts";

/** Resolves with its port on 127.0.0.1. Errors of its sockets are no errors of the test. */
export async function startStandIn(serve: (socket: Socket) => unknown, atEnd: AtEnd): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    serve(socket);
  }).listen(0, "127.0.0.1");
  atEnd(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A server on TCP has no port.");
  return address.port;
}
