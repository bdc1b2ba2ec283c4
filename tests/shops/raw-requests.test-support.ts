// Applications and requests as they are on the wire: no client in between makes a target better.
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { type PaidRoutes, paidRoutes } from "@tollbooth-stores/x402";
import type { RoutesConfig } from "@x402/core/server";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { onTestFinished } from "vitest";

/** It believes every payment. */
const facilitator: FacilitatorClient = {
  getSupported: async () => ({
    kinds: [{ x402Version: 2, scheme: "exact", network: "eip155:84532" }],
    extensions: [],
    signers: {},
  }),
  verify: async () => ({ isValid: true }),
  settle: async () => ({ success: true, transaction: `0x${"1".repeat(64)}`, network: "eip155:84532" }),
};

/** A gate over a store of its own. */
export function gateOf(routes: RoutesConfig, options: { order?: "settle-then-serve" } = {}): PaidRoutes {
  const server = new x402ResourceServer(facilitator).register("eip155:84532", new ExactEvmScheme());
  const { verifications: store } = createMemoryStores();
  return paidRoutes(server, routes, {
    store,
    origin: "https://shop.example",
    findSettlement: async () => "unknown",
    ...options,
  });
}

/** Each makes another spelling of a path. */
export const spell: ((path: string) => string)[] = [
  (path) => path,
  ...["http", "HTTPS", "ftp", "ws", "coap"].map((scheme) => (path: string) => `${scheme}://h:1${path}?a=1`),
  ...[
    "/",
    "//",
    "?",
    "?a#b",
    "#x",
    "\\#x",
    "%20",
    "%23",
    "%3F",
    "%2F",
    "%5C",
    "%00",
    ";a=1",
    ".",
    "/.",
    "/..",
    "%2e",
    "\\",
  ].map((end) => (path: string) => path + end),
  ...["/", "/.", "/x/..", "/%2e", "//h", "/%2F", "\\"].map((begin) => (path: string) => begin + path),
  (path) => path.toUpperCase(),
  (path) => path.replace(/\/(.)/, (_, first: string) => `/%${first.charCodeAt(0).toString(16)}`),
  (path) => path.replace(/\/(.)/, (_, first: string) => `/%25${first.charCodeAt(0).toString(16)}`),
  (path) => path.replace(/(.)$/, (_, last: string) => `%${last.charCodeAt(0).toString(16).toUpperCase()}`),
  (path) => path.replaceAll("/", "%2F"),
  (path) => path.replaceAll("/", "//"),
  (path) => `/${path.slice(1)}%`,
  (path) => `${path}/%E0%A4%A`,
  (path) => `${path}\u00a0`,
];

export async function listening(listener: RequestListener): Promise<number> {
  const server = createServer({ insecureHTTPParser: true }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return port;
}

/** As it is: no client in between makes a target better. */
export function sendRaw(
  port: number,
  method: string,
  target: string,
  headers: Record<string, string> = {},
  body = "",
): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => {
      const sent = { host: "h", ...headers, connection: "close", "content-length": String(Buffer.byteLength(body)) };
      const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
      socket.write(body);
    });
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined).on("close", () => resolve(text));
  });
}
