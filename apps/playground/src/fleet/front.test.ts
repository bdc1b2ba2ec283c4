// The front by itself, before instances that a test plays: what it passes on, what it adds, and what it says of losses.

import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "@tollbooth-stores/example/listen";
import { expect, onTestFinished, test, vi } from "vitest";
import { portOf } from "../process/port-of.ts";
import { type Front, type FrontOptions, type Passed, startFront } from "./front.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An instance played by `handler`; resolves to its address. */
async function instance(handler: Handler): Promise<string> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return portOf(server, "127.0.0.1").url;
}

/** A front before these addresses, in turn, and how many turns are not released yet. */
async function front(
  urls: readonly string[],
  options: Partial<FrontOptions> = {},
): Promise<Front & { inFlight(): number }> {
  let turns = 0;
  let inFlight = 0;
  const take = () => {
    const turn = turns % urls.length;
    const url = urls[turn];
    if (url === undefined) return undefined;
    turns += 1;
    inFlight += 1;
    const release = () => {
      inFlight -= 1;
    };
    return { name: `gateway-${turn + 1}`, pid: turn + 1, url, release };
  };
  const started = await startFront({ host: "127.0.0.1", port: 0, instances: () => ({ take }), ...options });
  onTestFinished(() => started.stop(0, 0));
  return { ...started, inFlight: () => inFlight };
}

const answering: Handler = (_request, response) => void response.end("ok");

/** A request as `fetch` would not send it: any header, any path. */
async function send(url: string, path: string, headers: Record<string, string | string[]>, body = "") {
  const sent = request(url, { path, headers, method: body === "" ? "GET" : "POST", agent: false });
  sent.end(body);
  const [answer] = await once(sent, "response");
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

test("asks each instance in its turn, and says which one answered", async () => {
  const { url } = await front([await instance(answering), await instance(answering), await instance(answering)]);
  const answered: (string | null)[] = [];
  for (let asked = 0; asked < 6; asked += 1) answered.push((await fetch(url)).headers.get("x-instance"));
  expect(answered).toEqual(["gateway-1", "gateway-2", "gateway-3", "gateway-1", "gateway-2", "gateway-3"]);
});

test("passes on method, Host, raw path and body as they came, and appends to X-Forwarded-For", async () => {
  const told = await instance(async (asked, response) => {
    const { method, url, headers } = asked;
    const { host, "x-forwarded-for": forwardedFor } = headers;
    response.end(JSON.stringify({ method, url, host, forwardedFor, body: await text(asked) }));
  });
  const { url } = await front([told]);
  const path = "/a%2Fb/../c?x=%20&x=1&y";
  const spoofed = { host: "shop.example", "x-forwarded-for": ["198.51.100.7", "203.0.113.9"] };
  expect(JSON.parse((await send(url, path, spoofed, "bödy")).body)).toEqual({
    method: "POST",
    url: path,
    host: "shop.example",
    forwardedFor: "198.51.100.7, 203.0.113.9, 127.0.0.1",
    body: "bödy",
  });
  expect(JSON.parse((await send(url, "/", { host: "shop.example" })).body)).toMatchObject({
    forwardedFor: "127.0.0.1",
  });
});

test("passes a body on that is sent in chunks", async () => {
  const { url } = await front([await instance(async (asked, response) => void response.end(await text(asked)))]);
  const sent = request(url, { method: "POST", agent: false });
  for (const part of ["one ", "two ", "three"]) {
    sent.write(part);
    await sleep(1);
  }
  sent.end();
  const [answer] = await once(sent, "response");
  expect(await text(answer)).toBe("one two three");
});

test("leaves it to the instance to refuse large headers, up to a bound of its own", async () => {
  const real = await listen(() => new Response("ok"), 0);
  onTestFinished(() => real.stop(0).then(() => undefined));
  const { url, inFlight } = await front([real.url]);
  const passed = await send(url, "/", { "x-large": "x".repeat(15_000) });
  expect([passed.status, passed.body]).toEqual([200, "ok"]);
  const refused = await send(url, "/", { "x-large": "x".repeat(20_000) });
  expect([refused.status, refused.headers["x-instance"]]).toEqual([431, "gateway-1"]);
  const unheard = await send(url, "/", { "x-large": "x".repeat(70_000) });
  expect([unheard.status, unheard.headers["x-instance"]]).toEqual([431, undefined]);
  await vi.waitFor(() => expect(inFlight()).toBe(0));
});

test("says 503, and when to come back, where no instance is up", async () => {
  const { url } = await front([]);
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await answer.json()).toMatchObject({ error: "no_instance" });
});

test.each<{ loss: string; handler: Handler }>([
  { loss: "resets the connection", handler: ({ socket }) => void socket.resetAndDestroy() },
  { loss: "hangs up", handler: ({ socket }) => void socket.destroy() },
  { loss: "answers with what is no HTTP", handler: ({ socket }) => void socket.end("nonsense\r\n\r\n") },
])("says 503 where an instance $loss before it answers, and asks no other one", async ({ handler }) => {
  let asked = 0;
  const lost = await instance((incoming, response) => {
    asked += 1;
    handler(incoming, response);
  });
  const { url, inFlight } = await front([lost, lost]);
  const answer = await fetch(url, { method: "POST", body: "once" });
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await answer.json()).toMatchObject({ error: "instance_lost" });
  expect(asked).toBe(1);
  expect(inFlight()).toBe(0);
});

test("says 503 where nothing listens at the instance's address any more", async () => {
  const gone = await listen(() => new Response("ok"), 0);
  await gone.stop(0);
  const { url, inFlight } = await front([gone.url]);
  const answer = await fetch(url);
  expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ error: "instance_lost" })]);
  expect(inFlight()).toBe(0);
});

test.each<[string, Record<string, string>]>([
  ["with a length", { "content-length": "100" }],
  ["in chunks", {}],
])("breaks off an answer %s that the instance broke off", async (_name, headers) => {
  const half = await instance((_request, response) => {
    response.writeHead(200, headers);
    response.write("half an ans");
    setTimeout(() => response.destroy(), 20);
  });
  const passed: Passed[] = [];
  const { url, inFlight } = await front([half], { onPassed: (one) => void passed.push(one) });
  const answer = await fetch(url);
  await expect(answer.text()).rejects.toThrow("terminated");
  await vi.waitFor(() => expect(passed).toMatchObject([{ instance: "gateway-1", status: 0 }]));
  expect(inFlight()).toBe(0);
});

test("lets go of the instance when the client goes away, and tells it", async () => {
  let heard = () => {};
  const told = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const slow = await instance((_request, response) => void response.once("close", heard));
  const { url, inFlight } = await front([slow]);
  const leaving = new AbortController();
  const answer = fetch(url, { signal: leaving.signal });
  await vi.waitFor(() => expect(inFlight()).toBe(1));
  leaving.abort();
  await expect(answer).rejects.toThrow();
  await told;
  await vi.waitFor(() => expect(inFlight()).toBe(0));
});

test("answers its own pages without taking an instance", async () => {
  const { url, inFlight } = await front([], {
    pages(asked, response) {
      if (asked.url !== "/mine") return false;
      response.end(`own, ${inFlight()} in flight`);
      return true;
    },
  });
  expect(await (await fetch(`${url}/mine`)).text()).toBe("own, 0 in flight");
  expect((await fetch(`${url}/theirs`)).status).toBe(503);
});

test("tells of each request once its answer is out", async () => {
  const passed: Passed[] = [];
  const one = await instance((_request, response) => void response.writeHead(418).end());
  const { url } = await front([one], { onPassed: (request) => void passed.push(request) });
  await fetch(`${url}/tea?milk`, { method: "POST", body: "leaves" });
  await vi.waitFor(() => expect(passed).toHaveLength(1));
  expect(passed).toMatchObject([
    { instance: "gateway-1", method: "POST", path: "/tea?milk", client: "127.0.0.1", status: 418 },
  ]);
  expect(passed[0]?.ms).toBeGreaterThan(0);
});

test("stopping, it drains first: 503 on /readyz, the rest is served and sent away; then nothing new", async () => {
  let finish = () => {};
  const slow = await instance((asked, response) => {
    if (asked.url === "/slow") finish = () => void response.end("finished");
    else response.end("ok");
  });
  const { url, stop, inFlight } = await front([slow]);
  const started = fetch(`${url}/slow`);
  await vi.waitFor(() => expect(inFlight()).toBe(1));
  const stopped = stop(300, 10_000);
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, expect.objectContaining({ error: "stopping" })]);
  const served = await fetch(url);
  expect([served.status, served.headers.get("connection")]).toEqual([200, "close"]);
  await vi.waitFor(() => expect(fetch(url)).rejects.toThrow("fetch failed"), 5_000);
  finish();
  expect(await (await started).text()).toBe("finished");
  await stopped;
});

test("stopping, it cuts off what takes longer than the grace", async () => {
  const { url, stop, inFlight } = await front([await instance(() => {})]);
  const hanging = fetch(url).catch((error: unknown) => error);
  await vi.waitFor(() => expect(inFlight()).toBe(1));
  await stop(0, 50);
  expect(await hanging).toBeInstanceOf(Error);
  await vi.waitFor(() => expect(inFlight()).toBe(0));
});

test("tells what a paid request bought, if it is short JSON, and the headers as they were; the answer goes its way", async () => {
  const passed: Passed[] = [];
  const answers: Handler = (asked, response) => {
    const body = JSON.stringify({ session: asked.url === "/long" ? "x".repeat(5_000) : "token" });
    const status = asked.url === "/refused" ? 402 : 201;
    response.writeHead(status, { "content-type": "application/json", ratelimit: '"ip";r=1;t=2' }).end(body);
  };
  const { url } = await front([await instance(answers)], { onPassed: (one) => void passed.push(one) });
  const paying = { "payment-signature": "a payment" };
  expect((await send(url, "/short", paying)).body).toBe('{"session":"token"}');
  expect((await send(url, "/long", paying)).body).toHaveLength(5_014);
  await send(url, "/refused", paying);
  await send(url, "/unpaid", {});
  await vi.waitFor(() => expect(passed).toHaveLength(4));
  expect(passed.map(({ path, bought }) => [path, bought])).toEqual([
    ["/short", '{"session":"token"}'],
    ["/long", undefined],
    ["/refused", undefined],
    ["/unpaid", undefined],
  ]);
  expect(passed[0]).toMatchObject({ pid: 1, requestHeaders: paying, answerHeaders: { ratelimit: '"ip";r=1;t=2' } });
  expect(passed[0]?.answerHeaders).not.toHaveProperty("x-instance");
});
