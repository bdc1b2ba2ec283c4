// paid() on Express: whatever way a handler answers, the gate sees it whole and decides what is sent.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import express, { type Express, type Response as ExpressResponse, type Request } from "express";
import { expect, test, vi } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { paid, paymentOf } from "./paid.ts";
import { rawBody } from "./request-body.ts";

failOnCrash();

const pay = (key: string, more: RequestInit = {}): RequestInit => ({
  ...more,
  headers: { payment: key, ...Object(more.headers) },
});
const file = new URL("./paid.ts", import.meta.url).pathname;

async function shop(more: (app: Express) => void = () => undefined) {
  const gate = fakeGate();
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      response.setHeader("x-before", "set before");
      next();
    });
    express.use(paid(gate));
    more(express);
  });
  return { app, gate };
}

const ways: Record<string, (request: Request, response: ExpressResponse) => unknown> = {
  json: (_request, response) => response.status(201).json({ made: true }),
  "writeHead and end": (_request, response) =>
    response.writeHead(201, { "content-type": "application/json" }).end('{"made":true}'),
  "writeHead with pairs": (_request, response) =>
    response.writeHead(201, ["content-type", "application/json"]).end('{"made":true}'),
  "several writes": (_request, response) => {
    response.status(201).type("json").write('{"made"', "utf8");
    response.write(Buffer.from(":true"), () => response.end("}"));
  },
  "latin1 and hex": (_request, response) => {
    response.status(201).type("json").write("7b", "hex");
    response.end('"made":true}', "latin1");
  },
  pipe: (_request, response) => Readable.from(['{"made"', ":true}"]).pipe(response.status(201).type("json")),
  pipeline: (_request, response) => pipeline(Readable.from(['{"made":', "true}"]), response.status(201).type("json")),
  "flushed first": (_request, response) => {
    response.status(201).type("json").flushHeaders();
    setTimeout(() => response.end('{"made":true}'), 5);
  },
  "after early hints": (_request, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.writeProcessing();
    response.status(201).json({ made: true });
  },
};

test.each(Object.entries(ways))(
  "an answer by %s is sold whole, and told again without another run",
  async (_way, handler) => {
    let runs = 0;
    const { app, gate } = await shop((express) =>
      express.get("/sold", (request, response) => {
        runs += 1;
        return handler(request, response);
      }),
    );
    for (const receipt of ["one", null]) {
      const answer = await app("/sold", pay("one"));
      expect([answer.status, await answer.text(), answer.headers.get("receipt")]).toEqual([
        201,
        '{"made":true}',
        receipt,
      ]);
      expect([answer.headers.get("content-type"), answer.headers.get("x-before")]).toEqual([
        expect.stringContaining("application/json"),
        "set before",
      ]);
      expect(answer.headers.has("link")).toBe(false);
    }
    expect([runs, gate.charged]).toEqual([1, ["one"]]);
  },
);

test("early hints are dropped", async () => {
  const { app } = await shop((express) => express.get("/sold", ways["after early hints"] ?? (() => undefined)));
  const asking = httpRequest({ port: app.port, path: "/sold", headers: { payment: "one" } });
  const told: unknown[] = [];
  asking.on("information", ({ statusCode }) => told.push(statusCode)).end();
  const [answer] = await once(asking, "response");
  answer.resume();
  expect([answer.statusCode, told]).toEqual([201, []]);
});

test("a head that is written twice is refused as Node refuses it", async () => {
  const { app, gate } = await shop((express) =>
    express.get("/sold", (_request, response) => {
      response.writeHead(200);
      try {
        response.writeHead(201);
      } catch (error) {
        response.end(Object(error).code);
      }
    }),
  );
  expect(await (await app("/sold", pay("one"))).text()).toBe("ERR_HTTP_HEADERS_SENT");
  expect(gate.charged).toEqual(["one"]);
});

test("the length that is told is that of the answer that is sent", async () => {
  const body = new TextEncoder().encode("short");
  const app = await listen((app) =>
    app.use(paid({ handle: async () => ({ status: 200, headers: { "content-length": "999" }, body }) })),
  );
  const answer = await app("/sold");
  expect([answer.headers.get("content-length"), await answer.text()]).toEqual(["5", "short"]);
});

test("an answer that comes after another middleware's is given up without an error", async () => {
  const errors: unknown[] = [];
  let answered: (() => void) | undefined;
  const handled = new Promise<void>((resolve) => {
    answered = resolve;
  });
  const app = await listen((app) => {
    app.use((_request, response, next) => {
      setTimeout(() => response.sendStatus(503), 5);
      next();
    });
    app.use(
      paid({
        async handle({ signal }) {
          await new Promise((resolve) => setTimeout(resolve, 30));
          answered?.();
          return { status: 200, headers: { aborted: String(signal?.aborted) }, body: new Uint8Array() };
        },
      }),
    );
    app.use((error: unknown, _request: Request, _response: ExpressResponse, _next: unknown) => errors.push(error));
  });
  expect((await app("/sold")).status).toBe(503);
  await handled;
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual([]);
});

test("sendFile and sendStatus are seen too, and each cookie stays one", async () => {
  const { app } = await shop((express) => {
    express.get("/sold/file", (_request, response) => response.sendFile(file));
    express.get("/sold/status", (_request, response) => response.cookie("a", "1").cookie("b", "2").sendStatus(202));
  });
  expect(await (await app("/sold/file", pay("one"))).text()).toContain("// Sells what the handlers");
  const status = await app("/sold/status", pay("two"));
  expect([status.status, await status.text(), status.headers.getSetCookie()]).toEqual([
    202,
    "Accepted",
    ["a=1; Path=/", "b=2; Path=/"],
  ]);
});

test.each<[string, (request: Request, response: ExpressResponse, next: (error: unknown) => void) => unknown, number]>([
  ["writeHead(500)", (_request, response) => response.writeHead(500).end("no"), 500],
  ["next(error)", (_request, _response, next) => next(new Error("Broken.")), 500],
  ["a throw", () => Promise.reject(Object.assign(new Error("Broken."), { status: 418 })), 418],
  ["404", (_request, response) => response.sendStatus(404), 404],
])("a handler that fails by %s is seen as that, and not charged", async (_way, handler, status) => {
  const { app, gate } = await shop((express) => {
    express.get("/sold", handler);
  });
  expect((await app("/sold", pay("one"))).status).toBe(status);
  expect(gate.charged).toEqual([]);
});

test("an application's own error handler answers as ever", async () => {
  const { app } = await shop((express) => {
    express.get("/sold", () => Promise.reject(new Error("Broken.")));
    express.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      response.status(503).json({ said: error.message });
    });
  });
  const answer = await app("/sold", pay("one"));
  expect([answer.status, await answer.json()]).toEqual([503, { said: "Broken." }]);
});

test("what was written before a failure is not sold", async () => {
  const { app, gate } = await shop((express) =>
    express.get("/sold", (_request, response, next) => {
      response.write("half");
      next(new Error("Broken."));
    }),
  );
  await expect(app("/sold", pay("one"))).rejects.toThrow();
  expect(gate.charged).toEqual([]);
});

test("without a payment no handler runs, and what is not sold streams", async () => {
  let runs = 0;
  const { app } = await shop((express) => {
    express.get("/sold", (_request, response) => {
      runs += 1;
      response.end();
    });
    express.get("/free", (_request, response) => {
      response.write("first");
    });
  });
  expect([(await app("/sold")).status, runs]).toEqual([402, 0]);
  const read = await (await app("/free")).body?.getReader().read();
  expect(new TextDecoder().decode(read?.value)).toBe("first");
});

test("the gate gets path and query as they were sent, and the handler its payment", async () => {
  const { app, gate } = await shop((express) => {
    const router = Object.assign(express, {});
    router.get("/sold/:id", (request, response) => response.json(paymentOf(request)?.payer));
  });
  expect(await (await app("/sold/%41?a=%2F&a=2", pay("one"))).json()).toBe("0xann");
  const { adapter, path } = gate.asked[0]?.context ?? {};
  expect([path, adapter?.getUrl(), adapter?.getQueryParam?.("a")]).toEqual([
    "/sold/%41",
    "http://localhost/sold/%41?a=%2F&a=2",
    ["/", "2"],
  ]);
});

const echo = (express: Express) =>
  express.post("/sold", (request, response) => response.json([Buffer.isBuffer(request.body), request.body]));
const post = (body: string, type: string) => pay("one", { method: "POST", body, headers: { "content-type": type } });

test("JSON is parsed, any other body is a Buffer, and the gate has the bytes", async () => {
  const { app, gate } = await shop(echo);
  expect(await (await app("/sold", post('{ "a": 1 }', "application/json; charset=utf-8"))).json()).toEqual([
    false,
    { a: 1 },
  ]);
  expect(Buffer.from(gate.asked[0]?.body ?? []).toString()).toBe('{ "a": 1 }');
  const { app: other } = await shop(echo);
  expect(Object(await (await other("/sold", post("text", "text/plain"))).json())[0]).toBe(true);
});

test("JSON that is none is 400, a body that is too large 413: nothing is asked", async () => {
  const { app, gate } = await shop(echo);
  expect((await app("/sold", post("{", "application/json"))).status).toBe(400);
  expect((await app("/sold", post("x".repeat(1_048_577), "text/plain"))).status).toBe(413);
  const body = Readable.toWeb(Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(65_536))));
  const streamed = await app("/sold", { method: "POST", body, duplex: "half" } as RequestInit);
  expect([streamed.status, streamed.headers.get("connection"), gate.asked]).toEqual([413, "close", []]);
});

test("the rest of a body that is too large is not read", async () => {
  let asked: Request | undefined;
  const app = await listen((app) => {
    app.use((request, _response, next) => {
      asked = request;
      next();
    });
    app.use(paid(fakeGate(), { maxBodyBytes: 3 }));
  });
  const upload = httpRequest({ port: app.port, path: "/sold", method: "POST" });
  upload.on("error", () => undefined).write("1234");
  const [answer] = await once(upload, "response");
  expect([answer.statusCode, asked?.isPaused()]).toEqual([413, true]);
  upload.destroy();
});

test("a parser before it keeps the bytes with rawBody, and without it that is said", async () => {
  const gate = fakeGate();
  const errors: unknown[] = [];
  const app = await listen((app) => {
    app.use("/sold/with", express.json({ verify: rawBody }));
    app.use("/sold/without", express.json());
    app.use(paid(gate));
    app.post("/sold/:how", (request, response) => response.json(request.body));
    app.use((error: unknown, _request: Request, response: ExpressResponse, _next: unknown) => {
      errors.push(error);
      response.sendStatus(500);
    });
  });
  const json = post('{ "a":1}', "application/json");
  expect(await (await app("/sold/with", json)).json()).toEqual({ a: 1 });
  expect(Buffer.from(gate.asked[0]?.body ?? []).toString()).toBe('{ "a":1}');
  expect((await app("/sold/without", json)).status).toBe(500);
  expect(String(errors[0])).toContain("verify: rawBody");
});

test("a client that has gone: nothing is written, and the answer is given up", async () => {
  let response: ExpressResponse | undefined;
  const gate = fakeGate();
  const handled = vi.fn();
  const app = await listen((app) => {
    const watched = {
      ...gate,
      handle: (...call: Parameters<typeof gate.handle>) => gate.handle(...call).finally(handled),
    };
    app.use(paid(watched));
    app.get("/sold", (_request, held) => {
      response = held;
    });
  });
  const gone = httpRequest({ port: app.port, path: "/sold", headers: { payment: "one" } });
  gone.on("error", () => undefined).end();
  await expect.poll(() => response).toBeDefined();
  gone.destroy();
  await expect.poll(() => handled.mock.calls.length).toBe(1);
  response?.status(200).json({ late: true });
  expect([gate.charged, response?.headersSent]).toEqual([[], false]);
  expect(gate.asked[0]?.context.signal?.aborted).toBe(true);
});

test("a handler that answers after the gate has given up on it changes nothing", async () => {
  let late: (() => void) | undefined;
  const app = await listen((app) => {
    app.use(
      paid({
        async handle(_context, _body, serve) {
          const signal = new AbortController().signal;
          serve({ key: "one", signal, fence: "1" }).catch(() => undefined);
          return { status: 504, headers: { "content-type": "text/plain" }, body: new TextEncoder().encode("too slow") };
        },
      }),
    );
    app.get("/sold", (_request, response) => {
      late = () => response.status(200).json({ late: true });
    });
    app.get("/other", (_request, response) => response.send("ok"));
  });
  const answer = await app("/sold");
  expect([answer.status, await answer.text()]).toEqual([504, "too slow"]);
  late?.();
  expect((await app("/other")).status).toBe(504);
});

test("what the gate throws reaches the error handlers, before and after the handler ran", async () => {
  for (const runs of [false, true]) {
    const app = await listen((app) => {
      app.use(
        paid({
          async handle(_context, _body, serve) {
            if (runs) await serve({ key: "one", signal: new AbortController().signal, fence: "1" });
            throw new Error("No gate.");
          },
        }),
      );
      app.get("/sold", (_request, response) => response.json({ made: true }));
      app.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
        response.status(500).send(error.message);
      });
    });
    const answer = await app("/sold");
    expect([answer.status, await answer.text()]).toEqual([500, "No gate."]);
  }
});
