// A server before clients that take their time: over real sockets.
import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "./listen.ts";

const hasty = { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 200 };

async function serving() {
  const server = await listen(async (asked) => new Response(await asked.text()), 0, "127.0.0.1", hasty);
  onTestFinished(async () => void (await server.stop(100)));
  return server;
}

/** Sends `head`, and nothing more. Resolves to what came back, once the connection is closed. */
async function dawdle(port: number, head: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  // A reset is an end like any other here.
  socket.on("error", () => undefined);
  const heard = new Promise<string>((resolve) => {
    let received = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      received += chunk;
    });
    socket.once("close", () => resolve(received));
  });
  await once(socket, "connect");
  socket.write(head);
  return heard;
}

const dawdlingPost = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf";

test.each([
  ["no byte", ""],
  ["half a header", "GET / HTTP/1.1\r\nHost"],
  ["half a body", dawdlingPost],
  ["a chunk and no end", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
])("a connection that sends %s is told 408 and cut off when its time is over", async (_what, head) => {
  const { url } = await serving();
  const begun = performance.now();
  expect(await dawdle(Number(new URL(url).port), head)).toContain("408 Request Timeout");
  expect(performance.now() - begun).toBeLessThan(5_000);
});

test.each([
  ["no byte", ""],
  ["half a header", "GET / HTTP/1.1\r\nHost"],
])("a connection that has sent %s holds a stop no longer than headers may take", async (_what, head) => {
  const server = await listen(async () => new Response("ok"), 0, "127.0.0.1", hasty);
  const cut = dawdle(Number(new URL(server.url).port), head);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const began = performance.now();
  expect(await server.stop(10_000)).toBe(true);
  expect(performance.now() - began).toBeLessThan(5_000);
  await cut;
});
