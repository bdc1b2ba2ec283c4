// Bodies that dawdle, or do not say how large they are: a limit answers without them, and none is waited for longer than its time.
import { request } from "node:http";
import { connect } from "node:net";
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { gatewayApp } from "./app.ts";
import { listen } from "./listen.ts";
import { gatewayLog } from "./log.ts";
import { openSales } from "./sales.ts";
import { inProcessGateway, origin } from "./testing/in-process-gateway.ts";
import { testSystem } from "./testing/test-system.ts";

const system = testSystem(
  testConfig.replace("perIp: { limit: 100000, window: 1m }", "perIp: { limit: 1, window: 1m }"),
);
const running = inProcessGateway();

/** A gateway without such a limit, whose clients have so long to send, and the head of a payment for /order. */
async function listening() {
  const { config, stores, payer, controls } = running();
  const app = gatewayApp({
    log: gatewayLog("silent"),
    config,
    stores,
    sales: openSales(config, stores, origin),
    stopping: () => false,
  });
  const within = { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 200 };
  const server = await listen(app.fetch, 0, "127.0.0.1", within);
  onTestFinished(async () => void (await server.stop(100)));
  const payment = async () => paymentHeader((await makePayment(payer, { value: "20000" })).payload);
  return { url: server.url, payment, controls };
}

/** Sends a POST's head and the beginning of its body; resolves with what was answered once the connection is closed. */
function dawdle(url: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  const { hostname, port } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: gateway\r\n${lines.join("")}content-length: 100\r\nconnection: close\r\n\r\nonly so much`,
      );
    });
    socket.setEncoding("utf8").on("data", (text) => {
      answer += text;
      if (answer.includes("\r\n\r\n")) socket.end();
    });
    socket.on("close", () => resolve(answer)).on("error", reject);
  });
}

test("a request above the limit is answered before its body has come", async () => {
  await fetch(system.url("/quote"));
  const started = performance.now();
  expect(await dawdle(system.url(), "/order")).toMatch(/^HTTP\/1\.1 429 /);
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("a body that a payment came with is waited for no longer than its time, and nothing is charged", async () => {
  const { url, payment, controls } = await listening();
  const started = performance.now();
  expect(await dawdle(url, "/order", await payment())).toMatch(/^HTTP\/1\.1 408 /);
  expect(performance.now() - started).toBeLessThan(2_000);
  expect((await fetch(`${url}/order`, { method: "POST", headers: await payment(), body: "whole" })).status).toBe(200);
  expect(controls.counts().transfers).toBe(1);
});

test.each([
  ["that says so", { "content-length": "65537" }],
  ["in chunks", { "transfer-encoding": "chunked" }],
])("a body above 64 KiB, %s, is 413, and one of just so much is taken", async (_what, more) => {
  const { url, payment, controls } = await listening();
  const send = async (size: number, headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${url}/order`, { method: "POST", agent: false, headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.on("error", reject).end("x".repeat(size));
    });
  expect(await send(65_537, { ...(await payment()), ...more })).toBe(413);
  expect(controls.counts().transfers).toBe(0);
  expect(await send(65_536, { ...(await payment()), "transfer-encoding": "chunked" })).toBe(200);
});
