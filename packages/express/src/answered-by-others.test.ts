// The client has gone, or others answer, while a gate is at work: nothing is made, and nothing is charged for an answer that has no reader.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { PaidGate } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Express, Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

const payment = { headers: { payment: "one" } };

/** `asks`: what the gate does before it sells. */
async function shop({ front, asks = pause, handler }: { front: Handler; asks?: () => unknown; handler?: Handler }) {
  const fake = fakeGate();
  const gate: PaidGate = {
    ...fake,
    async handle(...call) {
      await asks();
      return fake.handle(...call);
    },
  };
  const runs: string[] = [];
  const errors: unknown[] = [];
  const app = await listen((express: Express) => {
    express.use(front);
    express.get("/sold", paid(gate), (request, response, next) => {
      runs.push("run");
      return (handler ?? ((_request, { json }) => Reflect.apply(json, response, [{ made: true }])))(
        request,
        response,
        next,
      );
    });
    express.use((error: Error, _request: Request, _response: ExpressResponse, next: (error: unknown) => void) => {
      errors.push(error.message);
      next(error);
    });
  });
  return { app, runs, errors, charged: fake.charged, asked: fake.asked };
}

/** Asks, and leaves once `ready` says so. */
async function leave(port: number, ready: () => Promise<unknown>): Promise<void> {
  const asking = httpRequest({ port, path: "/sold", ...payment });
  asking.on("error", () => undefined).end();
  await ready();
  asking.destroy();
}

test("a client that leaves while middleware before paid() waits is asked for nothing", async () => {
  let isWaiting = false;
  let gone: Promise<unknown> | undefined;
  let handedOn = false;
  const { app, runs, errors, charged, asked } = await shop({
    async front(_request, response, next) {
      isWaiting = true;
      gone = once(response, "close");
      await gone;
      await pause(5);
      next();
      handedOn = true;
    },
  });
  await leave(app.port, () => expect.poll(() => isWaiting).toBe(true));
  await expect.poll(() => handedOn).toBe(true);
  await pause(20);
  expect([runs, errors, charged, asked]).toEqual([[], [], [], []]);
});

test("a payment whose body is slow is not delivered where others answer meanwhile, and is not lost", async () => {
  const fake = fakeGate();
  const app = await listen((express: Express) => {
    express.use((request, response, next) => {
      if (request.headers["x-slow"] !== undefined) setTimeout(() => response.status(503).end(), 20);
      next();
    });
    express.post("/sold", paid(fake), (_request, response) => {
      response.json({ made: true });
    });
  });
  const slow = httpRequest({
    port: app.port,
    path: "/sold",
    method: "POST",
    headers: { payment: "one", "x-slow": "1" },
  });
  slow.on("error", () => undefined).write("{");
  const [answer] = await once(slow, "response");
  answer.resume();
  slow.end("}");
  await pause(100);
  expect([answer.statusCode, fake.asked, fake.charged]).toEqual([503, [], []]);
});

test("a client that leaves while middleware behind paid() holds the end back pays nothing", async () => {
  let isHeld = false;
  let isEnded = false;
  const { app, runs, charged } = await shop({
    front: (_request, _response, next) => next(),
    handler(_request, response) {
      const { end } = response;
      response.once("close", () => {
        Reflect.apply(end, response, ["made"]);
        isEnded = true;
      });
      isHeld = true;
    },
  });
  await leave(app.port, () => expect.poll(() => isHeld).toBe(true));
  await expect.poll(() => isEnded).toBe(true);
  await pause();
  expect([runs, charged]).toEqual([["run"], []]);
});

const handlers: [string, Handler][] = [
  ["json", (_request, response) => response.json({ made: true })],
  ["end", (_request, response) => response.end("made")],
  ["writeHead", (_request, response) => response.writeHead(200, { "x-made": "1" }).end("made")],
];

test.each(handlers)(
  "a timeout in front that answers while the gate is asked: no handler runs (%s), nothing is charged",
  async (_way, handler) => {
    const { app, runs, errors, charged } = await shop({
      front(_request, response, next) {
        setTimeout(() => response.status(503).send("too slow"), 10);
        next();
      },
      asks: () => pause(40),
      handler,
    });
    const answer = await app("/sold", payment);
    expect([answer.status, await answer.text()]).toEqual([503, "too slow"]);
    await pause(60);
    expect([runs, errors, charged]).toEqual([[], [], []]);
  },
);

test.each(handlers)(
  "a heartbeat that began the response: nothing is asked of the gate (%s), and the connection ends",
  async (_way, handler) => {
    const { app, runs, errors, charged, asked } = await shop({
      front(_request, response, next) {
        response.writeHead(200).write(" ");
        next();
      },
      handler,
    });
    await expect(app("/sold", payment).then((answer) => answer.text())).rejects.toThrow();
    expect([runs, charged, asked]).toEqual([[], [], []]);
    expect(errors).toEqual([expect.stringContaining("begun by others")]);
  },
);

test("a head that others write while the gate is asked aborts it at once, before they end", async () => {
  let reason: unknown;
  const errors: unknown[] = [];
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      setTimeout(() => response.write(" "), 5);
      next();
    });
    const waiting: PaidGate = {
      handle: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
    };
    express.get("/sold", paid(waiting));
    express.use((error: unknown, _request: Request, _response: ExpressResponse, next: (error: unknown) => void) => {
      errors.push(error);
      next(error);
    });
  });
  await expect(app("/sold").then((answer) => answer.text())).rejects.toThrow();
  expect(String(reason)).toContain("begun by others");
  expect(errors).toEqual([reason]);
});

test("a head that others write through a method of before paid(), while the handler is at work, ends the sale", async () => {
  const { app, runs, charged } = await shop({
    front(_request, response, next) {
      const { writeHead } = response;
      setTimeout(() => Reflect.apply(writeHead, response, [503]), 10);
      next();
    },
    async handler(_request, response) {
      await pause(30);
      if (!response.headersSent) throw new Error("The handler does not see it.");
      response.end("made");
    },
  });
  await expect(app("/sold", payment).then((answer) => answer.text())).rejects.toThrow();
  expect([runs, charged]).toEqual([["run"], []]);
});

test("a dozen gates in front of a route are a dozen, and not a warning of too many listeners", async () => {
  const warnings: unknown[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.message);
  process.on("warning", onWarning);
  const app = await listen((express) => {
    for (let count = 0; count < 12; count += 1) express.use(paid(fakeGate()));
    express.get("/free", (_request, response) => response.send("free"));
  });
  expect(await (await app("/free")).text()).toBe("free");
  await pause();
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});
