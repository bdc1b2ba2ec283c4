// A TCP port of the loopback that is free at the moment. Another program may take it before its user does, who then tries again.
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the ports that Linux, macOS and Windows give to outgoing connections. So a server that is down, and comes back on
// its port later, does not find a connection there.
const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_000;
const TRIES = 50;

export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    const failure = await tryListening(port);
    if (failure === undefined) return port;
    if (tries === TRIES) throw failure;
  }
}

function tryListening(port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  });
}
