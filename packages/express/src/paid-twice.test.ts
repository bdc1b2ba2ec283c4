// paid() more than once in a request, and paid() that a function of the application's own calls.

import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Express, Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";

const pay = { headers: { payment: "one" } };
const made = (_request: unknown, response: ExpressResponse) => void response.send("made");

test.each<[string, (app: Express, gate: ReturnType<typeof fakeGate>) => unknown]>([
  ["in front of all and on a route", (app, gate) => app.use(paid(gate)).get("/sold", paid(gate), made)],
  ["twice on a route", (app, gate) => app.get("/sold", paid(gate), paid(gate), made)],
])("paid() of one gate %s sells once", async (_where, setUp) => {
  const gate = fakeGate();
  const app = await listen((express) => void setUp(express, gate));
  const answer = await app("/sold", pay);
  expect([answer.status, await answer.text(), gate.asked.length, gate.charged]).toEqual([200, "made", 1, ["one"]]);
  expect((await app("/sold")).status).toBe(402);
});

test("paid() of two gates that both sell a request is refused with words, and not charged", async () => {
  const [outer, inner] = [fakeGate(), fakeGate()];
  const app = await listen((app) => {
    app.use(paid(outer)).get("/sold", paid(inner), made);
    app.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      response.status(500).send(error.message);
    });
  });
  const answer = await app("/sold", pay);
  expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining("Two gates")]);
  expect([outer.charged, inner.charged, inner.asked]).toEqual([[], [], []]);
});

test("a route whose own function calls paid() gives nothing away with unsold: refuse", async () => {
  const refusing = paid(fakeGate(), { unsold: "refuse" });
  const app = await listen((app) => {
    app.get("/quote", (request, response, next) => void refusing(request, response, next), made);
  });
  expect((await app("/quote")).status).toBe(404);
});

test("paid() without a gate is refused when it is made, with words", () => {
  for (const given of [[], [undefined, { unsold: "pass" }]]) {
    expect(() => Reflect.apply(paid, undefined, given)).toThrow("was given no gate");
  }
});
