// An answer whose stream breaks while it is held: not charged, and served at the next try.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Response as ExpressResponse } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

const payment = { headers: { payment: "one" } };
const half = (isBroken: boolean) =>
  Readable.from(
    (async function* () {
      yield "half of it";
      if (isBroken) throw new Error("The upstream broke.");
    })(),
  );

const ways: Record<string, (source: Readable, response: ExpressResponse) => unknown> = {
  pipeline: (source, response) => pipeline(source, response),
  "pipe, and destroys the response": (source, response) =>
    source.on("error", (error) => response.destroy(error)).pipe(response),
  "writes, and throws": async (source, response) => {
    for await (const part of source) response.write(part);
    response.end();
  },
};

test.each(Object.entries(ways))("by %s", async (_way, send) => {
  const gate = fakeGate();
  let isBroken = true;
  const app = await listen((app) =>
    app.get("/sold", paid(gate), (_request, response) => send(half(isBroken), response)),
  );
  const broken = await app("/sold", payment).then(
    ({ status }) => status,
    () => "cut",
  );
  expect([broken === "cut" || broken === 500, gate.charged]).toEqual([true, []]);
  isBroken = false;
  expect([await (await app("/sold", payment)).text(), gate.charged]).toEqual(["half of it", ["one"]]);
});
