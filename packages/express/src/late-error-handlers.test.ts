// An error handler that was told that nothing was sent, and answers only once the sold answer is out: it changes nothing, and throws nothing.
import { AsyncResource } from "node:async_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { ErrorRequestHandler, Response } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import type { Handler } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

/** As a driver does whose connections were opened before any request. */
const driver = new AsyncResource("driver");
const later: Record<string, (answer: () => void) => unknown> = {
  "by a timer": (answer) => setTimeout(answer, 20),
  "out of its context": (answer) => driver.runInAsyncScope(() => setTimeout(answer, 20)),
};
const errings: Record<string, Handler> = {
  rejects: async (_request, response) => {
    response.send("the goods");
    throw new Error("After the end.");
  },
  "passes an error on": (_request, response, next) => {
    response.send("the goods");
    next(new Error("After the end."));
  },
};
const answers: Record<string, (response: Response) => unknown> = {
  "sends a text": (response) => response.status(500).send("failed"),
  "writes a head": (response) => response.writeHead(500, { "x-late": "1" }).end("failed"),
  streams: (response) => {
    response.setHeader("x-late", "1").write("failed");
    response.end();
  },
};
const cases = Object.keys(later).flatMap((when) =>
  Object.keys(errings).flatMap((how) => Object.keys(answers).map((what) => [how, what, when] as const)),
);

test.each(cases)("where a handler %s after its answer, and an error handler %s %s", async (how, what, when) => {
  const gate = fakeGate();
  const sent: boolean[] = [];
  const app = await listen((express) => {
    express.get("/sold", paid(gate), errings[how] ?? []);
    const onError: ErrorRequestHandler = (error, _request, response, next) => {
      if (response.headersSent) return next(error);
      later[when]?.(() => {
        sent.push(response.headersSent);
        answers[what]?.(response);
      });
    };
    express.use(onError);
  });
  for (const payment of ["one", "two"]) {
    const answer = await app("/sold", { headers: { payment } });
    expect([answer.status, await answer.text(), answer.headers.get("x-late")]).toEqual([200, "the goods", null]);
    await pause(30);
  }
  expect([gate.charged, sent]).toEqual([
    ["one", "two"],
    [true, true],
  ]);
});
