// An application has ended the response before paid(), and middleware in front still holds that end back. Nothing shows it. The answer that
// is sold is sent whole all the same, because the held end sends the bytes of the latest answer.
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores, rateLimiter } from "@tollbooth-stores/memory";
import compression from "compression";
import type { Express, Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause } from "./late-handlers.test-support.ts";
import { limit } from "./limit.ts";
import { paid } from "./paid.ts";
import { session } from "./session.ts";

failOnCrash();

const payment = { headers: { payment: "one" } };

/** Ends once, later, as `send` says. */
const holdEnd = (
  send: (response: ServerResponse, own: Pick<ServerResponse, "write" | "end">, given: unknown[]) => void,
): Handler => {
  return (_request, response, next) => {
    const { write, end } = response;
    let isEnded = false;
    Object.assign(response, {
      end(...given: unknown[]) {
        if (!isEnded) setTimeout(() => send(response, { write, end }, given), 20);
        isEnded = true;
        return response;
      },
    });
    next();
  };
};

/** As middleware that compresses the whole answer does. */
const marksEncoding = holdEnd((response, { end }) => {
  response.setHeader("content-encoding", "gzip").setHeader("content-length", "3");
  Reflect.apply(end, response, ["gz."]);
});

const asEnded = holdEnd((response, { end }, given) => void Reflect.apply(end, response, given));

const holders: Record<string, Handler[]> = {
  "a held end": [asEnded],
  "a held end, which is sent in two parts": [
    holdEnd((response, { write, end }, given) => {
      Reflect.apply(write, response, ["a part, "]);
      Reflect.apply(end, response, given);
    }),
  ],
  "a held end that is made anew": [marksEncoding],
  "a held end in front of compression": [compression({ threshold: 0, filter: () => true }), asEnded],
};

const early: Record<string, (response: ExpressResponse) => unknown> = {
  "a text": (response) => response.end("too slow"),
  "a status and a text": (response) => response.status(503).end("too slow"),
  "a status": (response) => response.status(403).end(),
  "no content": (response) => response.status(204).end(),
};

const endFirst =
  (answer: (response: ExpressResponse) => unknown): Handler =>
  (_request, response, next) => {
    answer(response);
    next();
  };

const scenes = Object.keys(holders).flatMap((by) => Object.keys(early).map((what) => [by, what] as const));

function front(app: Express, by: string, what: string): void {
  app.use(...(holders[by] ?? []), endFirst(early[what] ?? (() => undefined)));
}

test.each(scenes)("%s of %s before paid(): the payer is charged, and has the whole answer", async (by, what) => {
  const gate = fakeGate();
  const goods = "goods ".repeat(500);
  const app = await listen((express) => {
    front(express, by, what);
    express.get("/sold", paid(gate), (_request, response) => response.send(goods));
  });
  for (const [asked, expected] of [
    [{}, [402, expect.stringContaining("payment_required")]],
    [payment, [200, goods]],
    [payment, [200, goods]],
  ] as const) {
    const answer = await app("/sold", asked);
    expect([answer.status, await answer.text()]).toEqual(expected);
  }
  expect(gate.charged).toEqual(["one"]);
});

test.each(scenes)("%s of %s before a refusal: the refusal is sent whole", async (by, what) => {
  const { rateLimits, sessions } = createMemoryStores();
  const none = rateLimiter(rateLimits, { name: "none", limit: 1, window: "1m" });
  await none("me");
  const app = await listen((express) => {
    front(express, by, what);
    express.get(
      "/limit",
      limit(none, () => "me"),
    );
    express.get("/session", session({ sessions }));
    express.get("/not-sold", paid(fakeGate()));
  });
  const refusals = [
    ["/limit", 429, "too_many_requests"],
    ["/session", 401, "session_required"],
    ["/not-sold", 404, "not_sold"],
  ] as const;
  for (const [path, status, error] of refusals) {
    const answer = await app(path);
    expect([answer.status, Object(await answer.json()).error]).toEqual([status, error]);
  }
});

test("the bytes of an answer are sent once, in however many parts the other end is sent", async () => {
  const app = await listen((express) => {
    front(express, "a held end, which is sent in two parts", "a text");
    express.get("/sold", paid(fakeGate()), (_request, response) => response.send("goods"));
  });
  const socket = connect(app.port, "127.0.0.1").setEncoding("utf8");
  socket.write("GET /sold HTTP/1.1\r\nhost: h\r\npayment: one\r\nconnection: close\r\n\r\n");
  let text = "";
  for await (const part of socket) text += part;
  expect(text.split("\r\n\r\n")[1]).toBe("goods");
});

test("what others do while a refusal is held back changes nothing of it", async () => {
  const app = await listen((express) => {
    express.use(asEnded, (_request, response, next) => {
      setTimeout(() => response.status(503).set("x-late", "1").end("too slow"), 10);
      next();
    });
    express.get("/sold", paid(fakeGate()), () => undefined);
  });
  const answer = await app("/sold");
  expect([answer.status, answer.headers.get("x-late"), Object(await answer.json()).error]).toEqual([
    402,
    null,
    "payment_required",
  ]);
});

test("middleware in front that makes an answer of another length sends what it makes", async () => {
  const addsLine: Handler = (_request, response, next) => {
    const { writeHead, end } = response;
    Object.assign(response, {
      writeHead(...given: unknown[]) {
        response.setHeader("content-length", Number(response.getHeader("content-length")) + 1);
        return Reflect.apply(writeHead, response, given);
      },
      end: (bytes: Uint8Array) => Reflect.apply(end, response, [Buffer.concat([bytes, Buffer.from("!")])]),
    });
    next();
  };
  const app = await listen((express) => {
    express.use(addsLine, asEnded);
    express.get("/sold", paid(fakeGate()), (_request, response) => response.send("goods"));
  });
  expect(await (await app("/sold", payment)).text()).toBe("goods!");
});

const setTooEarly = (response: ExpressResponse) => response.set("content-length", "8");

test("a content-length that was set too early is no answer: the route is sold", async () => {
  const gate = fakeGate();
  const app = await listen((express) => {
    express.use(endFirst(setTooEarly));
    express.get("/sold", paid(gate), (_request, response) => {
      response.write("go");
      response.end("ods");
    });
  });
  expect((await app("/sold")).status).toBe(402);
  const answer = await app("/sold", payment);
  expect([answer.status, await answer.text(), gate.charged]).toEqual([200, "goods", ["one"]]);
});

test.each<[string, Handler, (response: ExpressResponse) => unknown]>([
  ["a content-length", compression({ threshold: 0, filter: () => true }), setTooEarly],
  ["a content-length, and a held end,", asEnded, setTooEarly],
  ["a content-length, and a held end that is made anew,", marksEncoding, setTooEarly],
  [
    "a file that is still opened, and a held end,",
    asEnded,
    (response) => setTimeout(() => response.end("too slow"), 5) && setTooEarly(response),
  ],
])("%s in front of paid(): 500, and nothing is charged", async (_what, holder, begin) => {
  const gate = fakeGate();
  const errors: string[] = [];
  const app = await listen((express) => {
    express.use(holder, endFirst(begin));
    express.get("/sold", paid(gate), (_request, response) => response.send("goods"));
    express.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      errors.push(error.message);
      response.json({ error: "of the shop's own" });
    });
  });
  const answer = await app("/sold", payment);
  expect([answer.status, Object(await answer.json()).error, gate.asked]).toEqual([500, "internal_error", []]);
  expect(errors).toEqual([expect.stringContaining("content-length")]);
  await pause(20);
});
