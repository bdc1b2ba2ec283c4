// An answer whose stream breaks, behind the real gate over Redis: not charged, and served at the next try of the same payment.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { getRequestListener } from "@hono/node-server";
import * as onExpress from "@tollbooth-stores/express";
import * as onHono from "@tollbooth-stores/hono";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { makePayment, openSandboxLedger, paymentHeader, payTo, sandboxControls } from "@tollbooth-stores/sandbox";
import { type PaidRoutes, paidRoutes } from "@tollbooth-stores/x402";
import { paid as paidFetch } from "@tollbooth-stores/x402/fetch";
import { HTTPFacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import express from "express";
import { Hono } from "hono";
import { afterAll, expect, onTestFinished, test } from "vitest";

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

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

const logDirectory = mkdtempSync(join(tmpdir(), "tollbooth-streams-"));
const ledger = openSandboxLedger(logDirectory);
const redis = await startRedis();
const stores = createIoredisStores({ connection: { url: redis.url } });
afterAll(async () => {
  await stores.close();
  await redis.stop();
  ledger.close();
  rmSync(logDirectory, { recursive: true });
});

test.each(Object.entries(applications))(
  "%s charges nothing for half an answer, and serves the next try whole",
  async (_, application) => {
    const url = await listening(getRequestListener(ledger.fetch, { overrideGlobalObjects: false }));
    const controls = sandboxControls(() => ({ ledger: { url }, upstream: { url }, logDirectory }));
    const facilitator = new HTTPFacilitatorClient({ url: `${url}/facilitator` });
    const server = new x402ResourceServer(facilitator).register("eip155:84532", new ExactEvmScheme());
    const accepts = {
      scheme: "exact",
      network: "eip155:84532",
      payTo,
      price: "$0.01",
      maxTimeoutSeconds: 120,
    } as const;
    const options = { store: stores.verifications, origin: "https://shop.example", findSettlement } as const;
    let isBroken = true;
    const source = () =>
      Readable.from(
        (async function* () {
          yield "half of it";
          if (isBroken) throw new Error("The upstream broke.");
          yield ", and the rest";
        })(),
      );
    const shop = await listening(application(paidRoutes(server, { "GET /quote": { accepts } }, options), source));
    const headers = paymentHeader((await makePayment(await controls.payer())).payload);
    const transfers = controls.counts().transfers;

    const broken = await fetch(`${shop}/quote`, { headers }).then(
      async (answer) => ({ status: answer.status, text: await answer.text() }),
      () => "cut",
    );
    if (broken !== "cut") expect(broken).toEqual({ status: 500, text: "broken" });
    expect(controls.counts().transfers - transfers).toBe(0);

    isBroken = false;
    const whole = await fetch(`${shop}/quote`, { headers });
    expect([whole.status, await whole.text()]).toEqual([200, "half of it, and the rest"]);
    expect(controls.counts().transfers - transfers).toBe(1);
  },
);

async function findSettlement() {
  return "unknown" as const;
}
