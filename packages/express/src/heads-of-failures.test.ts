// Others fail the request while its handler is at work, and nothing is charged: nothing that the handler has set goes with their answer.
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Response as ExpressResponse, NextFunction, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

/** `timeout` has 5 ms after the goods are in the head, `handler` goes on after that. */
async function ask(
  timeout: (response: ExpressResponse, next: NextFunction) => unknown,
  handler: (response: ExpressResponse) => unknown = () => undefined,
) {
  const gate = fakeGate();
  let tell = () => {};
  const isSet = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      response.set("x-front", "1").cookie("front", "1").set("x-removed", "1").vary("front");
      isSet.then(() => setTimeout(() => timeout(response, next), 5));
      next();
    });
    express.get("/sold", paid(gate), async (_request, response) => {
      response.set("x-goods", "GOODS").type("png").cookie("pass", "GOODS").vary("GOODS");
      response.set("etag", '"GOODS"').append("link", "</GOODS>");
      response.statusMessage = "GOODS";
      tell();
      await pause(15);
      await handler(response);
    });
    express.use((error: unknown, _request: Request, response: ExpressResponse, next: NextFunction) => {
      if (Object(error).expose !== true) return next(error);
      response.status(503).json({ error: "too slow" });
    });
  });
  const answer = await app("/sold", { headers: { payment: "one" } });
  const { status, statusText, headers } = answer;
  return { status, statusText, headers, text: await answer.text(), charged: gate.charged };
}

const failures: Record<string, (response: ExpressResponse, next: NextFunction) => unknown> = {
  "status and end": (response) => response.status(504).end("too slow"),
  "status alone": (response) => response.status(504).end(),
  json: (response) => response.status(504).json({ error: "too slow" }),
  send: (response) => response.status(504).send("too slow"),
  sendStatus: (response) => response.sendStatus(504),
  writeHead: (response) => response.writeHead(504, { "x-why": "slow" }).end("too slow"),
  "writeHead with a reason": (response) => response.writeHead(504, "Slow").end("too slow"),
  "write and end": (response) => response.status(504).write("too ") && response.end("slow"),
  flushHeaders: (response) => {
    response.status(504).flushHeaders();
    response.end("too slow");
  },
  "a cookie of their own": (response) => response.cookie("late", "1").status(504).end("too slow"),
  "a cookie of their own, after the status": (response) => response.status(504).cookie("late", "1").end("too slow"),
  "headers that they append to, and a status": (response) =>
    response.vary("origin").append("link", "</why>").status(504).end("too slow"),
  "an error handler": (_response, next) => next(Object.assign(new Error("too slow"), { expose: true })),
  "Express's own error handler": (_response, next) => next(Object.assign(new Error("too slow"), { status: 503 })),
};

test.each(Object.keys(failures))("by %s: nothing of the handler's goes into it", async (way) => {
  const { charged, ...got } = await ask(failures[way] ?? (() => undefined));
  expect(charged).toEqual([]);
  expect([503, 504]).toContain(got.status);
  expect(JSON.stringify({ ...got, headers: [...got.headers] })).not.toContain("GOODS");
  expect(got.headers.get("content-type") ?? "").not.toContain("png");
  expect([got.headers.get("x-front"), got.headers.getSetCookie()[0]]).toEqual(["1", "front=1; Path=/"]);
});

test("what others set and remove themselves goes with their failure", async () => {
  const { headers, text } = await ask((response) => {
    response.removeHeader("x-removed");
    response.vary("origin");
    response.set("x-why", "slow").cookie("late", "1").status(504).append("x-why", "very").json("too slow");
  });
  expect([headers.get("x-removed"), headers.get("x-why"), text]).toEqual([null, "slow, very", '"too slow"']);
  expect(headers.get("vary")).toBe("front, origin");
  expect(headers.get("content-type")).toContain("application/json");
  expect(headers.getSetCookie()).toEqual(["front=1; Path=/", "late=1; Path=/"]);
});

test("a status of failure that others take back takes nothing from the goods", async () => {
  const { status, headers, text, charged } = await ask(
    (response) => {
      response.status(404).cookie("late", "1").set("x-why", "slow");
      response.status(200);
    },
    (response) => response.send("goods"),
  );
  expect([status, text, charged, headers.get("x-goods"), headers.get("x-why")]).toEqual([
    200,
    "goods",
    ["one"],
    "GOODS",
    "slow",
  ]);
  expect(headers.getSetCookie().map((line) => line.split("=")[0])).toEqual(["front", "pass", "late"]);
});

const removeFront: Handler = (_request, response, next) => {
  next();
  setTimeout(() => response.removeHeader("x-front"), 5);
};

test("a header of before that others remove while a handler is at work is not in the goods either", async () => {
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      response.set("x-front", "1");
      next();
    }, removeFront);
    express.get("/sold", paid(fakeGate()), async (_request, response) => {
      await pause(15);
      response.send("goods");
    });
  });
  const answer = await app("/sold", { headers: { payment: "one" } });
  expect([answer.headers.get("x-front"), await answer.text()]).toEqual([null, "goods"]);
});
