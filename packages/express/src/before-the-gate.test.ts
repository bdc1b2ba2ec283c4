// What ends a request before its gate is asked or its handlers run, and what a handler leaves behind where its gate fails.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { PaidGate } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores, rateLimiter } from "@tollbooth-stores/memory";
import type { Express, Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { pause } from "./late-handlers.test-support.ts";
import { limit } from "./limit.ts";
import { paid } from "./paid.ts";
import { session, spend } from "./session.ts";

failOnCrash();

const payment = { payment: "one" };

function keepErrors(app: Express): string[] {
  const errors: string[] = [];
  app.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
    errors.push(error.message);
    response.end();
  });
  return errors;
}

test.each([
  ["begun", "before paid()", "begun by others"],
  ["begun", "while paid() reads the body", "begun by others"],
  ["ended", "while paid() reads the body", undefined],
])("a response that others have %s %s: no gate is asked", async (what, when, words) => {
  const gate = fakeGate();
  let answer: (() => void) | undefined;
  let errors: string[] = [];
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      answer = () => void (what === "begun" ? response.write("beat ") : response.end("late"));
      if (when === "before paid()") answer();
      next();
    });
    express.post("/sold", paid(gate), (_request, response) => void response.end("sold"));
    errors = keepErrors(express);
  });
  const upload = httpRequest({ port: app.port, path: "/sold", method: "POST", headers: payment });
  const answered = once(upload, "response");
  upload.write("half ");
  await expect.poll(() => answer !== undefined, { interval: 5 }).toBe(true);
  if (when !== "before paid()") answer?.();
  upload.end("of it");
  const [response] = await answered;
  for await (const _part of response);
  await pause(20);
  expect([gate.asked, gate.charged, errors]).toEqual([
    [],
    [],
    words === undefined ? [] : [expect.stringContaining(words)],
  ]);
});

test("a client that leaves while the gate verifies is no reason to run a handler", async () => {
  let gone: Promise<unknown> | undefined;
  let runs = 0;
  let hasServed = false;
  const gate: PaidGate = {
    async handle(_context, _body, serve) {
      await gone;
      return serve({ key: "one", fence: "1", signal: new AbortController().signal }).finally(() => {
        hasServed = true;
      });
    },
  };
  const app = await listen((express) => {
    express.get(
      "/sold",
      (_request, response, next) => {
        gone = once(response, "close");
        next();
      },
      paid(gate),
      () => {
        runs += 1;
      },
    );
  });
  const asking = httpRequest({ port: app.port, path: "/sold" });
  asking.on("error", () => undefined).end();
  await expect.poll(() => gone !== undefined).toBe(true);
  asking.destroy();
  await expect.poll(() => hasServed).toBe(true);
  expect(runs).toBe(0);
});

test("the headers of a handler whose gate fails after it are on no answer", async () => {
  const failing: PaidGate = {
    async handle(_context, _body, serve) {
      await serve({ key: "one", fence: "1", signal: new AbortController().signal });
      throw new Error("A hook has failed.");
    },
  };
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      response.setHeader("x-front", "kept");
      next();
    });
    express.get("/sold", paid(failing), (_request, response) => {
      response.statusMessage = "Goods";
      response.setHeader("x-front", "changed").setHeader("x-goods", "for nothing").status(201).end("goods");
    });
    keepErrors(express);
  });
  const { status, statusText, headers } = await app("/sold");
  expect([status, statusText, headers.get("x-front"), headers.get("x-goods")]).toEqual([200, "OK", "kept", null]);
});

test("what others set while a handler is at work is on an answer that they end past it, and nothing of the handler's", async () => {
  const gate = fakeGate();
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      const { end } = response;
      response.setHeader("x-front", "1").setHeader("vary", "a");
      setTimeout(() => {
        response.statusCode = 504;
        response.removeHeader("x-front");
        response.setHeader("retry-after", "7").appendHeader("vary", "b");
        Reflect.apply(end, response, ["too slow"]);
      }, 15);
      next();
    });
    express.get("/sold", paid(gate), (_request, response) => {
      response.setHeader("x-goods", "for nothing").setHeader("vary", "goods").removeHeader("x-powered-by");
    });
  });
  const answer = await app("/sold", { headers: payment });
  const of = ["x-front", "retry-after", "vary", "x-goods", "x-powered-by"].map((name) => answer.headers.get(name));
  expect([answer.status, await answer.text(), of]).toEqual([504, "too slow", [null, "7", "a, b", null, "Express"]]);
  expect(gate.charged).toEqual([]);
});

test("JSON that is none is 400, and its connection stays open: the body was read to its end", async () => {
  const app = await listen((express) => express.post("/sold", paid(fakeGate()), () => undefined));
  const headers = { ...payment, "content-type": "application/json" };
  const answer = await app("/sold", { method: "POST", body: "{", headers });
  expect([answer.status, answer.headers.get("connection")]).toEqual([400, "keep-alive"]);
});

test("a body that the first gate's paid() has read is bound to the payment of the second one", async () => {
  const gate = fakeGate();
  const free: PaidGate = { handle: async () => undefined };
  const app = await listen((express) =>
    express.post("/sold", paid(free), paid(gate), (request, response) => void response.send(request.body)),
  );
  const answer = await app("/sold", { method: "POST", body: "two teas", headers: payment });
  expect([answer.status, await answer.text()]).toEqual([200, "two teas"]);
  expect(gate.asked.map(({ body }) => Buffer.from(body).toString())).toEqual(["two teas"]);
});

test.each(["knows", "keyOf"])("where others answer while a limit waits for %s, it takes nothing", async (slow) => {
  let answerMeanwhile = (_name: string) => {};
  const few = rateLimiter(createMemoryStores().rateLimits, { name: "few", limit: 1, window: "1m" });
  let taken = 0;
  const rule: typeof few = async (...call) => {
    taken += 1;
    return few(...call);
  };
  const keyOf = () => {
    answerMeanwhile("keyOf");
    return "me";
  };
  const knows = async () => {
    answerMeanwhile("knows");
    return false;
  };
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      answerMeanwhile = (name) => void (name === slow && response.status(504).end());
      next();
    });
    express.use(limit(rule, keyOf, { unlessKnownTo: { knows } }));
  });
  expect([(await app("/")).status, taken]).toEqual([504, 0]);
});

test("a limit that fails after others have answered is no error", async () => {
  let errors: string[] = [];
  let answer = () => {};
  const failing = async () => {
    answer();
    throw new TypeError("A mistake.");
  };
  const rule = Object.assign(failing, rateLimiter(createMemoryStores().rateLimits, { name: "a", limit: 1, window: 1 }));
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      answer = () => void response.status(504).end();
      next();
    });
    express.use(limit(rule, () => "me"));
    errors = keepErrors(express);
  });
  expect([(await app("/")).status, errors]).toEqual([504, []]);
});

test("a failure whose call cannot be given back, by a mistake, breaks off: it says nothing that is not so", async () => {
  const { sessions } = createMemoryStores<object>();
  const { record } = await sessions.create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n } });
  const mistaken: typeof sessions = { ...sessions, credit: () => Promise.reject(new TypeError("A mistake.")) };
  const app = await listen((express) =>
    express.get("/mine", session({ sessions: mistaken, bearer: true }), spend("calls"), (_request, response) => {
      response.status(500).end("failed");
    }),
  );
  const asked = app("/mine", { headers: { authorization: `Bearer ${record.id}` } });
  await expect(asked.then((answer) => answer.text())).rejects.toThrow();
});
