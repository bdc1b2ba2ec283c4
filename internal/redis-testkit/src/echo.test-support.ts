// Plain sockets for tests of proxies: a server that answers each piece, and a client that notes what it receives.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Address } from "./net-proxy.ts";
import { until } from "./until.ts";

export interface Echo extends Address {
  /** Its open connections. */
  readonly sockets: ReadonlySet<Socket>;
}

export interface Dialled {
  readonly socket: Socket;
  send(text: string): boolean;
  received(): string;
  ended(): "fin" | "rst" | undefined;
  /** Waits until this is all that it has received. */
  receives(text: string): Promise<void>;
  ends(how: "fin" | "rst"): Promise<void>;
}

/** Answers `<name>:<line>` and counts its connections. */
export async function startEcho(name: string): Promise<Echo> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    socket.on("data", (chunk) => socket.write(`${name}:${chunk.toString()}`));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port.");
  return { host: "127.0.0.1", port: address.port, sockets };
}

export async function dial({ host, port }: Address): Promise<Dialled> {
  const socket = connect(port, host);
  let received = "";
  let ended: "fin" | "rst" | undefined;
  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    received += chunk.toString();
  });
  socket.on("end", () => {
    ended ??= "fin";
  });
  socket.on("error", () => {
    ended ??= "rst";
  });
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, "connect");
  return {
    socket,
    send: (text: string) => socket.write(text),
    received: () => received,
    ended: () => ended,
    async receives(text: string) {
      await until(async () => received === text, { detail: () => `Received: ${received}` });
    },
    async ends(how: "fin" | "rst") {
      await until(async () => ended === how, { detail: () => `Ended: ${ended}` });
    },
  };
}
