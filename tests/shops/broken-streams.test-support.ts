// One instance of a shop that streams what it sells. Run by broken-streams.test.ts, in a process of its own.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { getRequestListener } from "@hono/node-server";
import * as onExpress from "@tollbooth-stores/express";
import * as onHono from "@tollbooth-stores/hono";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { payTo } from "@tollbooth-stores/sandbox";
import { type PaidRoutes, paidRoutes } from "@tollbooth-stores/x402";
import { paid as paidFetch } from "@tollbooth-stores/x402/fetch";
import { HTTPFacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import express from "express";
import { Hono } from "hono";

const applications: Record<string, (gate: PaidRoutes, source: () => Readable) => RequestListener> = {
  Express: (gate, source) => {
    const app = express().set("env", "test");
    return app.get("/quote", onExpress.paid(gate), (_, response) => pipeline(source(), response));
  },
  Hono: (gate, source) => {
    const app = new Hono().onError((_, c) => c.text("broken", 500));
    app.get("/quote", onHono.paid(gate), (c) => c.body(webStream(source())));
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
  fetch: (gate, source) => {
    const handle = paidFetch(gate, () => new Response(webStream(source())));
    const errorHandler = () => new Response("broken", { status: 500 });
    return getRequestListener(handle, { overrideGlobalObjects: false, errorHandler });
  },
};

const { FRAMEWORK = "", BROKEN, REDIS_URL = "", FACILITATOR_URL = "" } = process.env;

function source(): Readable {
  return Readable.from(
    (async function* () {
      yield "half of it";
      if (BROKEN === "yes") throw new Error("The upstream broke.");
      yield ", and the rest";
    })(),
  );
}

function webStream(source: Readable): ReadableStream<Uint8Array> {
  const parts = source[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(stream) {
      const { done, value } = await parts.next();
      if (done) stream.close();
      else stream.enqueue(new TextEncoder().encode(value));
    },
  });
}

const facilitator = new HTTPFacilitatorClient({ url: FACILITATOR_URL });
const server = new x402ResourceServer(facilitator).register("eip155:84532", new ExactEvmScheme());
const accepts = { scheme: "exact", network: "eip155:84532", payTo, price: "$0.01", maxTimeoutSeconds: 120 } as const;
const { verifications: store } = createIoredisStores({ connection: { url: REDIS_URL } });
const options = { store, origin: "https://shop.example", findSettlement: async () => "unknown" as const };
const gate = paidRoutes(server, { "GET /quote": { accepts } }, options);
const listener = applications[FRAMEWORK]?.(gate, source);
const http = createServer(listener).listen(0, "127.0.0.1", () => {
  const { port } = http.address() as AddressInfo;
  process.send?.({ port });
});
process.once("disconnect", () => process.exit());
