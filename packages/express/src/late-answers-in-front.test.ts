// Middleware in front of paid() that answers a success, and hands the request on all the same: a file is read while the handlers run.
import { EventEmitter, once } from "node:events";
import { createReadStream } from "node:fs";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Response as ExpressResponse } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause, withoutContext } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

const payment = { headers: { payment: "one" } };
const goods = "goods ".repeat(20);
const file = import.meta.filename;

/** Each answers while the handlers are at work. */
const lateAnswers: Record<string, (response: ExpressResponse) => unknown> = {
  "a file": (response) => response.sendFile(file, () => undefined),
  "a stream": (response) => createReadStream(file).pipe(response),
  "an end": (response) => response.end("not the goods"),
  "an end without bytes": (response) => response.end(),
  JSON: (response) => response.json({ not: "the goods" }),
  "a part": (response) => response.write("not the goods"),
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
    const atWork = new EventEmitter();
    let isFirst = true;
    const app = await listen((express) => {
      express.use((_request, response, next) => {
        if (isFirst) once(atWork, "begun").then(() => lateAnswers[what]?.(response));
        isFirst = false;
        next();
      });
      express.get("/sold", paid(gate), (request, response, next) => {
        sellers[how]?.(request, response, next);
        atWork.emit("begun");
      });
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

test("a success of a handler that has lost its async context is sold", async () => {
  const gate = fakeGate();
  const app = await listen((express) => {
    express.get("/sold", paid(gate), (_request, response) =>
      withoutContext(() => setTimeout(() => response.send(goods), 5)),
    );
  });
  const answer = await app("/sold", payment);
  expect([answer.status, await answer.text(), gate.charged]).toEqual([200, goods, ["one"]]);
});
