// Server-sent events over real sockets: the state at once, changes only, slow readers dropped, an end at shutdown.

import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { portOf } from "../process/port-of.ts";
import { type EventStream, type EventStreamOptions, eventStream } from "./event-stream.ts";

let sections: Record<string, unknown>;
let server: Server;
let stream: EventStream;
let port: number;

async function serve(options: Partial<EventStreamOptions> = {}): Promise<void> {
  stream = eventStream({ sections: () => sections, everyMs: 10, ...options });
  server = createServer(({ headers }, response) => stream.open(response, String(headers["x-from"] ?? "somewhere")));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = portOf(server, "127.0.0.1").port;
}
beforeEach(() => {
  sections = { a: 1, b: { deep: [1] } };
});
afterEach(async () => {
  stream.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Reader {
  response: IncomingMessage;
  text(): string;
  /** Resolves once the text so far matches, or ends with a string. */
  until(pattern: RegExp | string): Promise<string>;
}

/** `keep`: only so many of the last characters are remembered. `from`: the reader's address. */
async function read(keep = 1_000_000, from = "somewhere"): Promise<Reader> {
  const asking = get({ port, host: "127.0.0.1", headers: { "x-from": from } });
  const [response]: IncomingMessage[] = await once(asking, "response");
  if (response === undefined) throw new Error("There is no answer.");
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-keep);
  });
  return {
    response,
    text: () => text,
    async until(pattern) {
      const there = () => (typeof pattern === "string" ? text.endsWith(pattern) : pattern.test(text));
      while (!there()) await once(response, "data");
      return text;
    },
  };
}

const messages = (text: string): Record<string, unknown>[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, json]): Record<string, unknown> => JSON.parse(json ?? ""));

test("a reader gets the whole state at once, and is told how soon to come back", async () => {
  await serve();
  const reader = await read();
  const text = await reader.until(/\n\n/);
  expect(reader.response.headers).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    connection: "close",
  });
  expect(text).toMatch(/^retry: 1000\nid: \d+\nevent: state\ndata: .*\n\n$/);
  expect(messages(text)).toEqual([{ at: expect.any(Number), a: 1, b: { deep: [1] } }]);
});

test("of a change only the sections that changed are sent, however often it was announced", async () => {
  await serve();
  const reader = await read();
  await reader.until(/\n\n/);
  sections = { a: 2, b: { deep: [1] } };
  for (let times = 0; times < 5; times += 1) stream.touch();
  const text = await reader.until(/"a":2/);
  expect(messages(text).slice(1)).toEqual([{ at: expect.any(Number), a: 2 }]);
  expect([...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))).toEqual([0, 1]);
});

test("where nothing changed nothing is sent", async () => {
  await serve();
  const reader = await read();
  const first = await reader.until(/\n\n/);
  sections = structuredClone(sections);
  stream.touch();
  await new Promise((resolve) => setTimeout(resolve, 30));
  sections = { a: 3 };
  stream.touch();
  const text = await reader.until(/"a":3/);
  expect(messages(text)).toHaveLength(messages(first).length + 1);
});

test("a second reader gets the state of now, and the first one what it had not been told", async () => {
  await serve({ everyMs: 60_000 });
  const first = await read();
  await first.until(/\n\n/);
  sections = { a: 2 };
  stream.touch();
  const second = await read();
  expect(messages(await second.until(/\n\n/))).toEqual([{ at: expect.any(Number), a: 2 }]);
  expect(messages(await first.until(/"a":2/))).toHaveLength(2);
});

test("a comment keeps the connection alive", async () => {
  await serve({ heartbeatMs: 10 });
  const reader = await read();
  expect(await reader.until(/^: still here$/m)).toContain("\n\n: still here\n\n");
});

test("a reader who does not read is dropped; the others are not", async () => {
  await serve({ maxUnsentBytes: 65_536 });
  const slow = connect(port, "127.0.0.1");
  slow.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(slow, "readable");
  slow.pause();
  const closed = once(slow, "close");
  const reader = await read(100);
  await reader.until(/\n\n/);
  // More than any socket buffers by itself.
  for (let n = 0; n < 100; n += 1) {
    sections = { a: `${n} ${"x".repeat(200_000)}`, n };
    stream.touch();
    await reader.until(`"n":${n}}\n\n`);
  }
  slow.resume();
  await closed;
  expect(slow.bytesRead).toBeLessThan(100 * 200_000);
});

test("one address has so many readers and no more; the others have room, and a place that becomes free is taken", async () => {
  await serve({ mostReaders: 5, mostOfAddress: 2 });
  const first = await read();
  for (const reader of [first, await read()]) await reader.until(/\n\n/);
  const refused = await read();
  expect(refused.response.statusCode).toBe(503);
  await refused.until(/Too many dashboards are open/);
  expect((await read(1_000, "elsewhere")).response.statusCode).toBe(200);
  first.response.destroy();
  await vi.waitFor(async () => expect((await read()).response.statusCode).toBe(200));
});

test("beyond so many readers in all the next one is told so, wherever it comes from", async () => {
  await serve({ mostReaders: 3, mostOfAddress: 2 });
  for (const from of ["a", "b", "c"]) await (await read(1_000, from)).until(/\n\n/);
  expect((await read(1_000, "d")).response.statusCode).toBe(503);
});

test("without a bound there is none", async () => {
  await serve();
  for (let n = 0; n < 100; n += 1) await (await read()).until(/\n\n/);
});

test("at shutdown every answer ends, the server can close, and who comes later is told so", async () => {
  await serve();
  const reader = await read();
  await reader.until(/\n\n/);
  const ended = once(reader.response, "end");
  stream.close();
  await ended;
  const late = await read();
  expect(late.response.statusCode).toBe(503);
  expect(await late.until(/closing/)).toContain("The dashboard is closing.");
  await new Promise((resolve) => server.close(resolve));
});
