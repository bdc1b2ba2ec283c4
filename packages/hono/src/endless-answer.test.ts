// An answer without an end: once it is refused, its source ends too, and its handler is told by the payment's signal.
import { pipeline, Readable, Transform } from "node:stream";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { type Context, Hono } from "hono";
import { stream } from "hono/streaming";
import { expect, test } from "vitest";
import { asker } from "./both-ways.test-support.ts";
import { type PaidEnv, paid } from "./paid.ts";

const turn = () => new Promise(setImmediate);

const ways: Record<string, (c: Context<PaidEnv>, source: Readable) => Response> = {
  "by Readable.toWeb()": (c, source) => c.body(Readable.toWeb(source) as ReadableStream),
  "by pipeline()": (c, source) => {
    const through = new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
    pipeline(source, through, () => undefined);
    return c.body(Readable.toWeb(through) as ReadableStream);
  },
  "by pipeThrough()": (c, source) =>
    c.body((Readable.toWeb(source) as ReadableStream).pipeThrough(new CompressionStream("gzip"))),
  "by stream() of Hono": (c, source) =>
    stream(c, async (out) => {
      for await (const chunk of source) {
        if (out.aborted) break;
        await out.write(chunk);
      }
    }),
  "by hand": (c, source) => {
    c.var.payment?.signal.addEventListener("abort", () => source.destroy());
    return c.body(
      new ReadableStream({
        start(out) {
          source.on("data", (chunk) => out.enqueue(chunk));
        },
      }),
    );
  },
};

test.each(Object.entries(ways))("an answer without an end, made %s, is ended with its source", async (_how, make) => {
  const gate = fakeGate();
  let signal: AbortSignal | undefined;
  const endless = Readable.from(
    (async function* () {
      for (;;) {
        await turn();
        yield crypto.getRandomValues(Buffer.alloc(1000));
      }
    })(),
  );
  const app = new Hono<PaidEnv>().onError((error, c) => c.text(error.name, 500));
  app.get("/sold", paid(gate, { maxAnswerBytes: 10_000 }), (c) => {
    signal = c.var.payment?.signal;
    return make(c, endless);
  });
  const answer = await (await asker(app, "serve()"))("/sold", { headers: { payment: "one" } });
  expect([answer.status, await answer.text(), gate.charged]).toEqual([500, "RangeError", []]);
  expect(signal?.reason).toBeInstanceOf(RangeError);
  await expect.poll(() => endless.destroyed, { interval: 5, timeout: 500 }).toBe(true);
});
