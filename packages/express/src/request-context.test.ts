// What a gate is told of a request, and when it hears that the client has gone.
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { sessionMovesOf } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { type Response as ExpressResponse, json, type Request } from "express";
import { expect, test } from "vitest";
import { listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";
import { rawBody } from "./request-body.ts";
import { goneOf } from "./request-context.ts";

/** Asks for the target, and returns what the gate was told. */
async function told(path: string, method = "GET", headers: string[] = [], body = "") {
  const gate = fakeGate();
  let moves: unknown;
  const app = await listen((express) => {
    express.use(json({ verify: rawBody }), (request, _response, next) => {
      moves = sessionMovesOf(request);
      next();
    });
    const everything = { ...gate, sells: () => true };
    express.use("/under", paid(everything));
    express.use(paid(everything), (_request, response) => response.end());
  });
  const asking = httpRequest({ port: app.port, path, method, headers: ["Host", "h", ...headers] });
  const [answer] = await once(asking.end(body), "response");
  await once(answer.resume(), "end");
  const [first] = gate.asked;
  if (first === undefined) throw new Error("The gate was not asked.");
  return { ...first.context, moves };
}

test("a gate is told of a request what Node knows of it", async () => {
  const headers = [
    "Content-Type",
    "application/json",
    "Content-Length",
    "7",
    "Accept",
    "text/html",
    "User-Agent",
    "me",
  ];
  const listed = ["X-Own", "1", "Set-Cookie", "a=1", "Set-Cookie", "b=2"];
  const { adapter, ...context } = await told("/sold?a=1", "POST", [...headers, ...listed], '{"a":1}');
  expect([context.path, context.method, adapter.getPath(), adapter.getMethod()]).toEqual([
    "/sold",
    "POST",
    "/sold",
    "POST",
  ]);
  expect(context.sessionMoves).toBe(context.moves);
  expect(adapter.getBody?.()).toEqual({ a: 1 });
  expect([adapter.getAcceptHeader(), adapter.getUserAgent()]).toEqual(["text/html", "me"]);
  expect(["X-OWN", "Set-Cookie", "none"].map(adapter.getHeader)).toEqual(["1", "a=1, b=2", undefined]);
  const bare = (await told("/sold")).adapter;
  expect([bare.getAcceptHeader(), bare.getUserAgent(), bare.getBody?.()]).toEqual(["", "", undefined]);
});

test.each([
  ["/", "GET", "/", "/"],
  ["*", "OPTIONS", "/*", undefined],
  ["http://h?a=1", "GET", "/", undefined],
  ["/under/a", "GET", "/under/a", "/under/a"],
  ["/under", "GET", "/under", "/under"],
  ["/under/", "GET", "/under/", "/under"],
])(
  "%s has a path that begins with a slash, as it was sent and as it is routed",
  async (target, method, sent, routed) => {
    const { path, decodedPath, adapter } = await told(target, method);
    expect([path, new URL(adapter.getUrl()).pathname]).toEqual([sent, sent]);
    if (routed !== undefined) expect(decodedPath).toBe(routed);
  },
);

/** Two requests that are sent at once over one connection. The first is not answered until `answer` is called. */
async function twoAtOnce(second: (request: Request, response: ExpressResponse) => unknown) {
  const responses: ExpressResponse[] = [];
  const app = await listen((express) => {
    express.get("/first", (_request, response) => void responses.push(response));
    express.get("/second", (request, response) => {
      responses.push(response);
      return second(request, response);
    });
  });
  const client = connect(app.port, "127.0.0.1");
  client
    .on("error", () => undefined)
    .write(`${["/first", "/second"].map((path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`).join("")}`);
  await expect.poll(() => responses.length, { interval: 2 }).toBe(2);
  return { client, responses };
}

test("the client that leaves has gone for each of its requests, also for one that waits behind another", async () => {
  const { client, responses } = await twoAtOnce((_request, response) => void goneOf(response));
  const signals = responses.map((response) => goneOf(response).signal);
  // All middlewares of a response share one.
  expect(responses.map((response) => goneOf(response).signal === signals[responses.indexOf(response)])).toEqual([
    true,
    true,
  ]);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  client.destroy();
  await expect.poll(() => signals.map(({ aborted }) => aborted), { interval: 2 }).toEqual([true, true]);
});

test("paid() lets go of a request whose client leaves while it waits behind another, and asks no gate", async () => {
  const gate = fakeGate();
  let over = false;
  const { client } = await twoAtOnce(async (request, response) => {
    await paid(gate, { unsold: "pass" })(Object.assign(request, { originalUrl: "/sold" }), response, () => undefined);
    over = true;
  });
  client.destroy();
  await expect.poll(() => over, { interval: 2 }).toBe(true);
  expect(gate.asked).toEqual([]);
});

test("paid() asks its gate for a request that waits behind another once that one is answered", async () => {
  const gate = fakeGate();
  const { client, responses } = await twoAtOnce((request, response) =>
    paid(gate)(Object.assign(request, { originalUrl: "/sold" }), response, () => undefined),
  );
  let read = "";
  client.on("data", (bytes) => {
    read += bytes;
  });
  expect(gate.asked).toEqual([]);
  responses[0]?.end("first");
  await expect.poll(() => read, { interval: 2 }).toContain("402");
  expect(gate.asked).toHaveLength(1);
  client.destroy();
});

test("a client has not gone where its answer was sent, and has where it is asked after the end", async () => {
  const signals: AbortSignal[] = [];
  let isClosed = false;
  const app = await listen((express) =>
    express.get("/", (request, response) => {
      request.socket.once("close", () => {
        isClosed = true;
      });
      signals.push(goneOf(response).signal);
      response.end("sent");
    }),
  );
  const answer = await app("/", { headers: { connection: "close" } });
  expect(await answer.text()).toBe("sent");
  await expect.poll(() => isClosed, { interval: 2 }).toBe(true);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);

  const late = await listen((express) =>
    express.get("/", (_request, response) => {
      response.end("sent");
      signals.push(goneOf(response).signal);
    }),
  );
  await (await late("/")).text();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
});

test("a connection that is kept alive gets no further listener by each request", async () => {
  const counts: number[] = [];
  const app = await listen((express) =>
    express.get("/", (request, response) => {
      goneOf(response);
      counts.push(request.socket.listenerCount("close"));
      response.end();
    }),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const _request of [1, 2, 3]) {
    const [answer] = await once(httpRequest({ port: app.port, agent }).end(), "response");
    await once(answer.resume(), "end");
  }
  agent.destroy();
  expect(new Set(counts)).toEqual(new Set([counts[0]]));
});
