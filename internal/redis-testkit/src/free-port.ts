// A TCP port of the loopback that nobody listens on just now. Somebody else may take it: whoever uses it must try again.
import { createServer } from "node:net";

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("No TCP port was given."));
        else resolve(address.port);
      });
    });
  });
}
