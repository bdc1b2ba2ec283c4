// How many connections one address may have open at the front: what is beyond is closed at once.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { clientIp } from "@tollbooth-stores/example";

/** Closes each new connection of an address that has `most` open already; of IPv6 a network of 64 bits is one address. */
export function boundConnections(server: Server, most: number): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = clientIp(socket.remoteAddress, undefined, 0);
    const before = open.get(address) ?? 0;
    if (before >= most) {
      socket.destroy();
      return;
    }
    open.set(address, before + 1);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
