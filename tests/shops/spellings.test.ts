// However a request's target is spelt, no handler behind a gate runs without a payment: the router and the gate must agree.
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { getRequestListener } from "@hono/node-server";
import * as onExpress from "@tollbooth-stores/express";
import * as onHono from "@tollbooth-stores/hono";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { paidRoutes } from "@tollbooth-stores/x402";
import { paid as paidFetch } from "@tollbooth-stores/x402/fetch";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import express from "express";
import { Hono } from "hono";
import { expect, onTestFinished, test } from "vitest";

const unused = () => Promise.reject(new Error("No payment is sent here."));
const facilitator: FacilitatorClient = {
  getSupported: async () => ({
    kinds: [{ x402Version: 2, scheme: "exact", network: "eip155:84532" }],
    extensions: [],
    signers: {},
  }),
  verify: unused,
  settle: unused,
};
const payTo = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
const accepts = { scheme: "exact", network: "eip155:84532", payTo, price: "$0.01" } as const;

function gateOf() {
  const server = new x402ResourceServer(facilitator).register("eip155:84532", new ExactEvmScheme());
  const routes = {
    "GET /quote": { accepts },
    "/any": { accepts },
    "GET /files/*": { accepts },
    "POST /items/:id": { accepts },
  };
  const { verifications: store } = createMemoryStores();
  return paidRoutes(server, routes, { store, origin: "https://shop.example", findSettlement: async () => "unknown" });
}

/** Each application counts the runs of its handlers. */
const applications: Record<string, (run: () => string) => RequestListener> = {
  "Express, use": (run) => {
    const app = express().set("env", "test").use(onExpress.paid(gateOf()));
    app.get(["/quote", "/files/{*name}"], (_, response) => void response.send(run()));
    app.all("/any", (_, response) => void response.send(run()));
    return app.post("/items/:id", (_, response) => void response.send(run()));
  },
  "Express, routes": (run) => {
    const gate = onExpress.paid(gateOf());
    const app = express().set("env", "test");
    for (const path of ["/quote", "/any", "/files/{*name}", "/items/:id"]) {
      app.all(path, gate, (_, response) => void response.send(run()));
    }
    return app;
  },
  "Express, a router": (run) => {
    const router = express.Router().use(onExpress.paid(gateOf()));
    router.get(["/quote", "/files/{*name}"], (_, response) => void response.send(run()));
    return express().set("env", "test").use("/", router);
  },
  "Hono, use": (run) => {
    const app = new Hono().use(onHono.paid(gateOf()));
    app.on("GET", ["/quote", "/files/*"], (c) => c.text(run()));
    app.all("/any", (c) => c.text(run())).post("/items/:id", (c) => c.text(run()));
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
  "Hono, routes": (run) => {
    const app = new Hono({ strict: false });
    const gate = onHono.paid(gateOf());
    app.on("GET", ["/quote", "/files/*"], gate, (c) => c.text(run()));
    app.all("/any", gate, (c) => c.text(run())).on(["GET", "POST"], "/items/:id", gate, (c) => c.text(run()));
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
  fetch: (run) =>
    getRequestListener(
      paidFetch(gateOf(), () => new Response(run())),
      { overrideGlobalObjects: false },
    ),
};

const paths = ["/quote", "/any", "/files/a", "/items/7"];
const spell: ((path: string) => string)[] = [
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
const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "QUERY", "get"];

async function listening(listener: RequestListener): Promise<number> {
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
function sendRaw(port: number, method: string, target: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => {
      const cors = "Origin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n";
      socket.write(
        `${method} ${target} HTTP/1.1\r\nHost: h\r\n${cors}Connection: close\r\nContent-Length: 0\r\n\r\n`,
        "latin1",
      );
    });
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined).on("close", () => resolve(text));
  });
}

test.each(Object.entries(applications))("%s: no target and no method runs a handler unpaid", async (_what, make) => {
  const ran: string[] = [];
  let asked = "";
  const port = await listening(
    make(() => {
      ran.push(asked);
      return "GIVEN AWAY";
    }),
  );
  const statuses = new Set<string>();
  for (const path of paths) {
    for (const method of methods) {
      for (const one of spell) {
        asked = `${method} ${one(path)}`;
        statuses.add((await sendRaw(port, method, one(path))).split(" ", 2)[1] ?? "");
      }
    }
  }
  expect(ran).toEqual([]);
  expect([...statuses]).toEqual(expect.arrayContaining(["402", "404"]));
});
