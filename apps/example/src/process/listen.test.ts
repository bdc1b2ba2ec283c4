// A server before clients that take their time, or open too many connections: over real sockets.
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { type ListenOptions, listen } from "./listen.ts";

async function serving(options?: ListenOptions) {
  const server = await listen(async (asked) => new Response(await asked.text()), 0, "127.0.0.1", options);
  onTestFinished(async () => void (await server.stop(100)));
  return server;
}

/** Sends `head`, and nothing more. `heard` is what came back, once the connection is closed. */
async function dawdle(port: number, head: string): Promise<{ socket: Socket; heard: Promise<string> }> {
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
  return { socket, heard };
}

const dawdlingPost = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf";

test.each([
  ["no byte", ""],
  ["half a header", "GET / HTTP/1.1\r\nHost"],
  ["half a body", dawdlingPost],
  ["a chunk and no end", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
])("a connection that sends %s is told 408 and cut off when its time is over", async (_what, head) => {
  const { port } = await serving({ sendWithinMs: { headers: 200, request: 400 } });
  const begun = performance.now();
  expect(await (await dawdle(port, head)).heard).toContain("408 Request Timeout");
  expect(performance.now() - begun).toBeLessThan(5_000);
});

test("an address has so many connections and no more; others are not concerned, and places become free", async () => {
  const { port, url } = await serving({ mostConnections: 3 });
  const open = await Promise.all(Array.from({ length: 3 }, () => dawdle(port, dawdlingPost)));
  expect(await (await dawdle(port, dawdlingPost)).heard).toBe("");
  expect(open.filter(({ socket }) => socket.closed)).toEqual([]);
  const elsewhere = request(url, { method: "POST", agent: false, localAddress: "127.0.0.2" });
  elsewhere.end("whole");
  const [answer] = await once(elsewhere, "response");
  expect(await text(answer)).toBe("whole");
  open[0]?.socket.destroy();
  await expect
    .poll(async () => (await fetch(url, { method: "POST", body: "again" })).text().catch(() => ""))
    .toBe("again");
});
