// A WebSocket wants a session: on a route that is sold its upgrade is refused, paid for or not, and passes with a session that was bought.
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer, get, type IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createAdaptorServer, upgradeWebSocket, type WebSocketLike } from "@hono/node-server";
import * as onExpress from "@tollbooth-stores/express";
import * as onHono from "@tollbooth-stores/hono";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { makePayment, paymentHeader, payTo } from "@tollbooth-stores/sandbox";
import { paidRoutes } from "@tollbooth-stores/x402";
import { x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import express, { type Request } from "express";
import { Hono, type MiddlewareHandler } from "hono";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { describe, expect, onTestFinished, test, vi } from "vitest";

type Bought = { live: boolean };

const network = "eip155:84532";
const { sessions, verifications: store } = createMemoryStores<Bought>();
const verify = vi.fn(async () => ({ isValid: true }));
const facilitator = {
  getSupported: async () => ({
    kinds: [{ x402Version: 2, scheme: "exact", network } as const],
    extensions: [],
    signers: {},
  }),
  verify,
  settle: async () => ({ success: true, transaction: "0x1", network }) as const,
};
const gate = paidRoutes(
  new x402ResourceServer(facilitator).register(network, new ExactEvmScheme()),
  { "GET /live": { accepts: { scheme: "exact", network, payTo, price: "$0.01" } } },
  { store, origin: "https://shop.example", findSettlement: async () => "unknown" },
);
const opening = { sessions, bearer: true, opens: ({ data }: { data: Bought }) => data.live } as const;

/** As the package ws does it, without frames. */
class Sockets extends EventEmitter {
  readonly options = { noServer: true };

  handleUpgrade(request: IncomingMessage, socket: Duplex, _head: Buffer, opened: (ws: WebSocketLike) => void): void {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
    opened(Object.assign(new EventEmitter(), { protocol: "", readyState: 1 as const, send() {}, close() {} }));
  }

  close(): void {}
}

/** The price without a session, as the pages say: a payment buys one. */
function honoShop(): Server {
  const live = upgradeWebSocket(() => ({}));
  const app = new Hono();
  app.get("/mine", onHono.session(opening), live);
  const opened = onHono.session({ ...opening, required: false });
  const pay: MiddlewareHandler = onHono.paid(gate);
  app.get("/live", opened, (c, next) => (c.var.session.record === undefined ? pay(c, next) : next()), live);
  const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: new Sockets() } });
  if (!(server instanceof Server)) throw new TypeError("Expected a server of HTTP/1.");
  return server;
}

function expressShop(): Server {
  const sockets = new Sockets();
  const app = express();
  const live = (request: IncomingMessage) => sockets.handleUpgrade(request, request.socket, Buffer.alloc(0), () => {});
  app.get("/mine", onExpress.session(opening), live);
  const [opened, pay] = [onExpress.session({ ...opening, required: false }), onExpress.paid(gate)];
  app.get(
    "/live",
    opened,
    (request, response, next) => (opened.of(request).record === undefined ? pay(request, response, next) : next()),
    live,
  );
  return createServer().on("upgrade", (request: Request, socket: Socket) => {
    // As express-ws does it: the upgrade goes through the application like any other request.
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    app(request, response);
  });
}

describe.each([
  ["Hono", honoShop],
  ["Express", expressShop],
])("an upgrade on %s", (_name, shop) => {
  async function opened() {
    const server = shop().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return (path: string, more: Record<string, string> = {}) => {
      const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
      const headers = { ...upgrade, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", ...more };
      return new Promise<[status: number | undefined, accept: unknown]>((resolve, reject) => {
        const request = get({ port, host: "127.0.0.1", path, headers }).on("error", reject);
        const tell = (response: IncomingMessage) => {
          resolve([response.statusCode, response.headers["sec-websocket-accept"]]);
          response.destroy();
        };
        request.on("response", tell).on("upgrade", tell);
      });
    };
  }
  const passed = [101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="];
  const bearer = (id: string) => ({ authorization: `Bearer ${id}` });
  const sessionOf = async (live: boolean) =>
    bearer((await sessions.create({ data: { live }, idleTtlMs: 60_000 })).record.id);

  test("passes with a session that opens the route, whether it is sold or not", async () => {
    const upgrade = await opened();
    const headers = await sessionOf(true);
    expect([await upgrade("/live", headers), await upgrade("/mine", headers)]).toEqual([passed, passed]);
  });

  test("is 400 without one where it is sold, paid for or not, and 401 elsewhere; a session of something else opens neither", async () => {
    const upgrade = await opened();
    const { payload } = await makePayment(privateKeyToAccount(generatePrivateKey()));
    for (const headers of [{}, paymentHeader(payload), bearer("x".repeat(43)), await sessionOf(false)]) {
      expect([await upgrade("/live", headers), await upgrade("/mine", headers)]).toEqual([
        [400, undefined],
        [401, undefined],
      ]);
    }
    expect(verify).not.toHaveBeenCalled();
  });

  test("is 401 once its session is over", async () => {
    const upgrade = await opened();
    const { record } = await sessions.create({ data: { live: true }, idleTtlMs: 60_000 });
    await sessions.delete(record.id);
    expect(await upgrade("/mine", bearer(record.id))).toEqual([401, undefined]);
  });
});
