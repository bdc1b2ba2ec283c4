// Where a server that listens can be asked, from this machine.
import type { Server } from "node:http";

export function portOf(server: Server, hostname: string): { port: number; url: string } {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("Expected a TCP port.");
  const host = hostname.includes(":") ? `[${hostname}]` : hostname === "0.0.0.0" ? "127.0.0.1" : hostname;
  return { port: address.port, url: `http://${host}:${address.port}` };
}
