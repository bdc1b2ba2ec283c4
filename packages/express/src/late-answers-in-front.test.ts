// Middleware in front of paid() that answers a success, and hands the request on all the same: a file is read while the handlers run.
import { createReadStream } from "node:fs";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Response as ExpressResponse } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

const payment = { headers: { payment: "one" } };
const goods = "goods ".repeat(20);
const file = import.meta.filename;

/** Each answers while the handlers are at work. */
const lateAnswers: Record<string, (response: ExpressResponse) => unknown> = {
  "a file": (response) => response.sendFile(file, () => undefined),
  "a stream": (response) => createReadStream(file).pipe(response),
  "an end": (response) => setTimeout(() => response.end("not the goods"), 10),
  "an end without bytes": (response) => setTimeout(() => response.end(), 10),
  JSON: (response) => setTimeout(() => response.json({ not: "the goods" }), 10),
  "a part": (response) => setTimeout(() => response.write("not the goods"), 10),
};

const sellers: Record<string, Handler> = {
  "waits, and then answers": async (_request, response) => {
    await pause(60);
    response.send(goods);
  },
  "has written a part": async (_request, response) => {
    response.write(goods);
    await pause(60);
    response.end();
  },
};

const scenes = Object.keys(lateAnswers).flatMap((what) => Object.keys(sellers).map((how) => [what, how] as const));
/** `sendFile` writes nothing where it finds a head: the handlers' answer is sold, whole. */
const isSold = (what: string, how: string): boolean => what === "a file" && how === "has written a part";

test.each(scenes)(
  "%s of middleware in front, while a handler %s, takes no place in a sold answer",
  async (what, how) => {
    const gate = fakeGate();
    let isFirst = true;
    const app = await listen((express) => {
      express.use((_request, response, next) => {
        if (isFirst) lateAnswers[what]?.(response);
        isFirst = false;
        next();
      });
      express.get("/sold", paid(gate), sellers[how] ?? (() => undefined));
    });
    const first = await app("/sold", payment);
    const unsold = [500, expect.not.stringContaining("goods goods"), []];
    expect([first.status, await first.text(), [...gate.charged]]).toEqual(
      isSold(what, how) ? [200, goods, ["one"]] : unsold,
    );
    const second = await app("/sold", payment);
    expect([second.status, await second.text(), gate.charged]).toEqual([200, goods, ["one"]]);
  },
);

/** Calls back outside of its callers' async context, as a pooled connection of before the requests does. */
function pooledDriver(): (done: () => void) => void {
  const waiting: (() => void)[] = [];
  const timer = setInterval(() => waiting.splice(0).forEach((done) => void done()), 5);
  timer.unref();
  return (done) => void waiting.push(done);
}

test("a success of a handler that has lost its async context is sold", async () => {
  const gate = fakeGate();
  const ask = pooledDriver();
  const app = await listen((express) => {
    express.get("/sold", paid(gate), (_request, response) => ask(() => response.send(goods)));
  });
  const answer = await app("/sold", payment);
  expect([answer.status, await answer.text(), gate.charged]).toEqual([200, goods, ["one"]]);
});
