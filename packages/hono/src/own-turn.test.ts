// Requests that a client sends at once on one connection.
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { ownTurnSuite } from "@tollbooth-stores/http-testkit/suites";
import { Hono } from "hono";
import { onTestFinished } from "vitest";
import { paid } from "./paid.ts";

ownTurnSuite(({ gate, slow, failed }) => {
  const app = new Hono();
  app.onError((error, c) => {
    failed(error);
    return c.text("failed", 500);
  });
  app.get("/slow", async (c) => {
    await slow();
    return c.text("slow");
  });
  app.get("/sold", paid(gate), (c) => c.text("made"));
  return new Promise<AddressInfo>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, resolve);
    onTestFinished(() => void server.close());
  });
});
