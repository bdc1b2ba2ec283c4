// An answer without an end: once it is refused, its source ends too, and its handler is told by the payment's signal.
import { pipeline, Readable } from "node:stream";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Response as ExpressResponse } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { paid, paymentOf } from "./paid.ts";

failOnCrash();

const ways: Record<string, (source: Readable, response: ExpressResponse) => unknown> = {
  "by pipeline()": (source, response) => pipeline(source, response, () => undefined),
  "by pipe()": (source, response) => source.pipe(response),
  "by hand": (source, response) => source.on("data", (chunk) => response.write(chunk)),
};

test.each(Object.entries(ways))(
  "an answer without an end, written %s, is ended with its source",
  async (how, write) => {
    const gate = fakeGate();
    let pieces = 0;
    let signal: AbortSignal | undefined;
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          pieces += 1;
          // Each in a turn of its own, so that a source that goes on keeps nothing else from going on.
          await new Promise(setImmediate);
          yield Buffer.alloc(1000);
        }
      })(),
    );
    const app = await listen((app) => {
      app.get("/sold", paid(gate, { maxAnswerBytes: 10_000 }), (request, response) => {
        signal = paymentOf(request)?.signal;
        if (how === "by hand") signal?.addEventListener("abort", () => endless.destroy());
        write(endless, response);
      });
      app.use((_error: Error, _request: unknown, response: ExpressResponse, _next: unknown) => {
        response.status(500).send("failed");
      });
    });
    const answer = await app("/sold", { headers: { payment: "one" } });
    expect([answer.status, await answer.text(), gate.charged]).toEqual([500, "failed", []]);
    expect([endless.destroyed || endless.isPaused(), signal?.reason]).toEqual([true, expect.any(RangeError)]);
    const before = pieces;
    for (let turns = 0; turns < 40; turns += 1) await new Promise(setImmediate);
    expect(pieces - before).toBeLessThan(20);
    endless.destroy();
  },
);
