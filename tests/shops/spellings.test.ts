// However a request's target is spelt, no handler behind a gate runs without a payment: the router and the gate must agree.
import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import * as onExpress from "@tollbooth-stores/express";
import * as onHono from "@tollbooth-stores/hono";
import { paid as paidFetch } from "@tollbooth-stores/x402/fetch";
import express from "express";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { gateOf, listening, sendRaw, spell } from "./raw-requests.test-support.ts";

const payTo = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
const accepts = { scheme: "exact", network: "eip155:84532", payTo, price: "$0.01" } as const;

const soldGate = () =>
  gateOf({
    "GET /quote": { accepts },
    "/any": { accepts },
    "GET /files/*": { accepts },
    "POST /items/:id": { accepts },
  });

/** Each application counts the runs of its handlers. */
const applications: Record<string, (run: () => string) => RequestListener> = {
  "Express, use": (run) => {
    const app = express().set("env", "test").use(onExpress.paid(soldGate()));
    app.get(["/quote", "/files/{*name}"], (_, response) => void response.send(run()));
    app.all("/any", (_, response) => void response.send(run()));
    return app.post("/items/:id", (_, response) => void response.send(run()));
  },
  "Express, routes": (run) => {
    const gate = onExpress.paid(soldGate());
    const app = express().set("env", "test");
    for (const path of ["/quote", "/any", "/files/{*name}", "/items/:id"]) {
      app.all(path, gate, (_, response) => void response.send(run()));
    }
    return app;
  },
  "Express, a router": (run) => {
    const router = express.Router().use(onExpress.paid(soldGate()));
    router.get(["/quote", "/files/{*name}"], (_, response) => void response.send(run()));
    return express().set("env", "test").use("/", router);
  },
  "Hono, use": (run) => {
    const app = new Hono().use(onHono.paid(soldGate()));
    app.on("GET", ["/quote", "/files/*"], (c) => c.text(run()));
    app.all("/any", (c) => c.text(run())).post("/items/:id", (c) => c.text(run()));
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
  "Hono, routes": (run) => {
    const app = new Hono({ strict: false });
    const gate = onHono.paid(soldGate());
    app.on("GET", ["/quote", "/files/*"], gate, (c) => c.text(run()));
    app.all("/any", gate, (c) => c.text(run())).on(["GET", "POST"], "/items/:id", gate, (c) => c.text(run()));
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
  fetch: (run) =>
    getRequestListener(
      paidFetch(soldGate(), () => new Response(run())),
      { overrideGlobalObjects: false },
    ),
};

const paths = ["/quote", "/any", "/files/a", "/items/7"];
const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "QUERY", "get"];

/** A browser's question before a request: of other methods than OPTIONS it means nothing. */
const preflight = { origin: "https://app.example", "access-control-request-method": "GET" };

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
        statuses.add((await sendRaw(port, method, one(path), preflight)).split(" ", 2)[1] ?? "");
      }
    }
  }
  expect(ran).toEqual([]);
  expect([...statuses]).toEqual(expect.arrayContaining(["402", "404"]));
});
