// What one address may hold of a server at once: connections, say. Of IPv6 a network of 64 bits is one address.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { clientIp } from "./client-ip.ts";

/** Gives what takes one for a socket's address, and then what lets go of it; undefined where it has `most` already. */
export function heldByAddress(most: number): (socket: Socket) => (() => void) | undefined {
  const held = new Map<string, number>();
  return ({ remoteAddress }) => {
    const address = clientIp(remoteAddress, undefined, 0);
    const before = held.get(address) ?? 0;
    if (before >= most) return undefined;
    held.set(address, before + 1);
    return () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left === 0) held.delete(address);
      else held.set(address, left);
    };
  };
}

/** Closes each new connection of an address that has `most` open already. */
export function boundConnections(server: Server, most: number): void {
  const take = heldByAddress(most);
  server.on("connection", (socket: Socket) => {
    const letGo = take(socket);
    if (letGo === undefined) socket.destroy();
    else socket.once("close", letGo);
  });
}
