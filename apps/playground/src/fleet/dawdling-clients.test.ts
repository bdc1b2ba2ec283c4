// The front before clients that take their time, over real sockets: they hold no gateway, are cut off, and are bounded by address.

import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { portOf } from "../process/port-of.ts";
import { type FrontOptions, startFront } from "./front.ts";

interface Seen {
  url: string;
  port: number;
  /** Requests that reached the gateway. */
  asked(): number;
  /** Turns that were taken and not released. */
  inFlight(): number;
}

/** A front before one gateway, which answers with the body that it was sent. */
async function front(options: Partial<FrontOptions> = {}): Promise<Seen> {
  let asked = 0;
  let inFlight = 0;
  const gateway = createServer(async (incoming, response) => {
    asked += 1;
    response.end(await text(incoming));
  }).listen(0, "127.0.0.1");
  await once(gateway, "listening");
  const take = () => {
    inFlight += 1;
    const release = () => {
      inFlight -= 1;
    };
    return { name: "gateway-1", pid: 1, url: portOf(gateway, "127.0.0.1").url, release };
  };
  const started = await startFront({ host: "127.0.0.1", port: 0, instances: () => ({ take }), ...options });
  onTestFinished(async () => {
    await started.stop(0, 0);
    gateway.closeAllConnections();
    gateway.close();
  });
  return { url: started.url, port: started.port, asked: () => asked, inFlight: () => inFlight };
}

/** Sends `head`, and nothing more. `heard` is what came back, once the connection is closed. */
async function dawdle(port: number, head: string): Promise<{ socket: Socket; heard: Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  // A reset is an end like any other here.
  socket.on("error", () => undefined);
  let received = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    received += chunk;
  });
  const heard = new Promise<string>((resolve) => {
    socket.once("close", () => resolve(received));
  });
  await once(socket, "connect");
  socket.write(head);
  return { socket, heard };
}

const dawdlingPost = "POST /quote HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf";

/** A request from another address of this machine. */
async function fromElsewhere(url: string, body = "whole"): Promise<{ status: number | undefined; body: string }> {
  const sent = request(url, { method: "POST", agent: false, localAddress: "127.0.0.2" });
  sent.end(body);
  const [answer]: IncomingMessage[] = await once(sent, "response");
  if (answer === undefined) throw new Error("There is no answer.");
  return { status: answer.statusCode, body: await text(answer) };
}

test("three hundred dawdling POSTs of one address keep no other address from being served, and are cut off", async () => {
  const sendWithinMs = { headers: 1_000, request: 3_000 };
  const { url, port, asked, inFlight } = await front({ sendWithinMs, mostBodies: 300 });
  const dawdlers = await Promise.all(Array.from({ length: 300 }, () => dawdle(port, dawdlingPost)));
  const begun = performance.now();
  for (let times = 0; times < 5; times += 1) expect(await fromElsewhere(url)).toEqual({ status: 200, body: "whole" });
  // Before a single dawdler was cut off.
  expect(dawdlers.filter(({ socket }) => socket.closed)).toEqual([]);
  expect(performance.now() - begun).toBeLessThan(3_000);
  expect(asked()).toBe(5);
  await vi.waitFor(() => expect(inFlight()).toBe(0));
  const heard = await Promise.all(dawdlers.map((dawdler) => dawdler.heard));
  expect(new Set(heard.map((answer) => answer.split("\r\n", 1)[0]))).toEqual(new Set(["HTTP/1.1 408 Request Timeout"]));
  expect(performance.now() - begun).toBeLessThan(15_000);
  expect(asked()).toBe(5);
});

test.each([
  ["no byte", ""],
  ["half a header", "GET /quote HTTP/1.1\r\nHost"],
  ["a chunk and no end", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
])("a connection that sends %s is cut off, though its client never closes it", async (_name, head) => {
  const { port, asked } = await front({ sendWithinMs: { headers: 200, request: 400 } });
  const { heard } = await dawdle(port, head);
  expect(await heard).toContain("408 Request Timeout");
  expect(asked()).toBe(0);
});

test("a client that drips its body byte by byte has no more time than others", async () => {
  const { port, asked } = await front({ sendWithinMs: { headers: 200, request: 400 } });
  const { socket, heard } = await dawdle(port, dawdlingPost);
  while (!socket.closed) {
    if (socket.writable) socket.write("x");
    await sleep(20);
  }
  expect(await heard).toContain("408 Request Timeout");
  expect(asked()).toBe(0);
});

test("an address has so many connections and no more; others are not concerned, and places become free", async () => {
  const { url, port } = await front({ mostConnections: 3 });
  const open = await Promise.all(Array.from({ length: 3 }, () => dawdle(port, dawdlingPost)));
  const refused = await dawdle(port, dawdlingPost);
  expect(await refused.heard).toBe("");
  expect(open.filter(({ socket }) => socket.closed)).toEqual([]);
  expect(await fromElsewhere(url)).toEqual({ status: 200, body: "whole" });
  open[0]?.socket.destroy();
  await vi.waitFor(async () =>
    expect(await (await fetch(url, { method: "POST", body: "again" })).text()).toBe("again"),
  );
});

test("of an address so many bodies are read at once; what is beyond is refused before it has come, others are served", async () => {
  const { url, port, asked } = await front({ mostBodies: 3 });
  const open = await Promise.all(Array.from({ length: 3 }, () => dawdle(port, dawdlingPost)));
  const refused = await fetch(url, { method: "POST", body: "whole" });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  expect(asked()).toBe(0);
  expect(await fromElsewhere(url)).toEqual({ status: 200, body: "whole" });
  for (const { socket } of open) socket.destroy();
  await vi.waitFor(async () => expect((await fetch(url, { method: "POST", body: "again" })).status).toBe(200));
});

test("a client that goes away in the middle of its body has taken no instance", async () => {
  const passed = vi.fn();
  const { port, asked, inFlight } = await front({ onPassed: passed });
  const { socket } = await dawdle(port, dawdlingPost);
  await sleep(50);
  expect([asked(), inFlight()]).toEqual([0, 0]);
  socket.destroy();
  await vi.waitFor(() => expect(passed).toHaveBeenCalledOnce());
  expect(passed.mock.calls[0]?.[0]).toMatchObject({ instance: undefined, status: 0 });
  expect([asked(), inFlight()]).toEqual([0, 0]);
});

test.each([
  ["with a length", {}],
  ["in chunks", { "transfer-encoding": "chunked" }],
])("a body %s that no gateway would take is refused by the front itself", async (_name, headers) => {
  const { url, asked } = await front();
  const sent = request(url, { method: "POST", agent: false, headers });
  sent.end("x".repeat(65_537));
  const [answer]: IncomingMessage[] = await once(sent, "response");
  expect(answer?.statusCode).toBe(413);
  expect(JSON.parse(answer ? await text(answer) : "")).toMatchObject({ error: "body_too_large" });
  expect(asked()).toBe(0);
  expect(await fromElsewhere(url, "x".repeat(65_536))).toMatchObject({ status: 200 });
});
