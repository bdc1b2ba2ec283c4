// How much of an answer is held: beyond maxAnswerBytes it is the handler's error, while the handler still writes.
import { Readable } from "node:stream";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

const ways: Record<string, (response: ExpressResponse) => unknown> = {
  "in one piece": (response) => response.type("text").send("123456"),
  "in pieces": (response) => {
    for (const piece of ["123", "456", "7"]) response.write(piece);
    response.end("8");
  },
  "and would go on for ever": (response) => {
    const writing = setInterval(() => response.write("12"), 1);
    response.once("close", () => clearInterval(writing));
  },
  "from a stream": (response) => Readable.from(["123", "456", "789"]).pipe(response),
};

test.each(Object.entries(ways))(
  "an answer that is larger, written %s, is an error and not charged",
  async (_how, write) => {
    const gate = fakeGate();
    const errors: unknown[] = [];
    const app = await listen((app) => {
      app.get("/sold", paid(gate, { maxAnswerBytes: 5 }), (_request, response) => void write(response));
      app.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
        errors.push(error);
        response.status(500).send("failed");
      });
    });
    const answer = await app("/sold", { headers: { payment: "one" } });
    expect([answer.status, await answer.text(), gate.charged]).toEqual([500, "failed", []]);
    expect(errors).toEqual([
      expect.objectContaining({ name: "RangeError", message: expect.stringContaining("maxAnswerBytes") }),
    ]);
  },
);

test("an answer of exactly the limit is sold", async () => {
  const gate = fakeGate();
  const app = await listen((app) => {
    app.get("/sold", paid(gate, { maxAnswerBytes: 5 }), (_request, response) => {
      response.write("123");
      response.end("45");
    });
  });
  const answer = await app("/sold", { headers: { payment: "one" } });
  expect([answer.status, await answer.text(), gate.charged]).toEqual([200, "12345", ["one"]]);
});
