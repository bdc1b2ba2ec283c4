// An answer without an end: once it is refused, its source ends too, and its handler is told by the payment's signal.
import { PassThrough, pipeline, Readable } from "node:stream";
import type { PaidGate } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Response as ExpressResponse } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { paid, paymentOf } from "./paid.ts";

failOnCrash();

const ways: Record<string, (source: Readable, response: ExpressResponse) => unknown> = {
  "by pipeline()": (source, response) => pipeline(source, response, () => undefined),
  "by pipe()": (source, response) => source.pipe(response),
  "by pipeline() and a transform": (source, response) =>
    pipeline(source, new PassThrough({ highWaterMark: 1000 }), response, () => undefined),
  "by pipe(), late": async (source, response) => {
    response.write(Buffer.alloc(20_000));
    await new Promise(setImmediate);
    source.pipe(response);
  },
  "by hand": (source, response) => source.on("data", (chunk) => response.write(chunk)),
};

test.each(Object.entries(ways))(
  "an answer without an end, written %s, is ended with its source",
  async (how, write) => {
    const gate = fakeGate();
    let pieces = 0;
    let before = 0;
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
      app.use(async (_error: Error, _request: unknown, response: ExpressResponse, _next: unknown) => {
        // One that takes its time: the source is not to go on meanwhile.
        before = pieces;
        for (let turns = 0; turns < 100; turns += 1) await new Promise(setImmediate);
        response.status(500).send("failed");
      });
    });
    const answer = await app("/sold", { headers: { payment: "one" } });
    expect([answer.status, await answer.text(), gate.charged]).toEqual([500, "failed", []]);
    expect(signal?.reason).toBeInstanceOf(RangeError);
    // What its own buffer takes.
    expect(pieces - before).toBeLessThan(50);
    await expect.poll(() => endless.destroyed, { interval: 5, timeout: 500 }).toBe(true);
  },
);

test("what is piped into an answer ends where the gate fails meanwhile", async () => {
  const turn = () => new Promise(setImmediate);
  const endless = Readable.from(
    (async function* () {
      for (;;) yield turn().then(() => "piece");
    })(),
  );
  const app = await listen((app) => {
    const handle: PaidGate["handle"] = async (_context, _body, serve) => {
      serve({ key: "one", fence: "1", signal: new AbortController().signal }).catch(() => undefined);
      await turn();
      throw new Error("A hook has failed.");
    };
    app.get("/sold", paid({ handle }), (_request, response) => void endless.pipe(response));
    app.use((error: Error, _request: unknown, response: ExpressResponse, _next: unknown) => {
      response.status(500).send(error.message);
    });
  });
  const answer = await app("/sold");
  expect([answer.status, await answer.text()]).toEqual([500, "A hook has failed."]);
  await expect.poll(() => endless.destroyed, { interval: 5, timeout: 500 }).toBe(true);
});

test("a stream that others read, too, goes on for them where an answer of it is refused", async () => {
  const shared = new PassThrough();
  const others = shared.pipe(new PassThrough());
  const app = await listen((app) => {
    app.get("/sold", paid(fakeGate(), { maxAnswerBytes: 10 }), (_request, response) => {
      shared.pipe(response);
      shared.write("more than ten bytes, ");
    });
    app.use((_error: Error, _request: unknown, response: ExpressResponse, _next: unknown) => {
      response.once("close", () => setImmediate(() => shared.end("for others")));
      response.status(500).send("failed");
    });
  });

  expect((await app("/sold", { headers: { payment: "one" } })).status).toBe(500);
  expect(await others.setEncoding("utf8").reduce((all, piece) => all + piece, "")).toBe(
    "more than ten bytes, for others",
  );
});
