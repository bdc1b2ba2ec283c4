// Handlers that write without a wait of their own: a held answer makes them wait as a socket would, so other requests are served.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import compression from "compression";
import type { Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause, withoutContext } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

const chunk = randomBytes(16_384);

const ways: Record<string, (parts: Iterable<Buffer>, response: ExpressResponse) => unknown> = {
  pipe: (parts, response) => Readable.from(parts).pipe(response),
  pipeline: (parts, response) => pipeline(parts, response).catch(() => undefined),
  async "writes that wait for drain"(parts, response) {
    for (const part of parts) {
      if (response.closed) return;
      if (!response.write(part)) await once(response, "drain");
    }
    response.end();
  },
};

/** `made`: how many chunks of `total` the handler has made. `turns`: of the event loop, from its first write to the answer. */
async function shop(
  way: string,
  total: number,
  { maxAnswerBytes = 100_000_000, behind = [] as Handler[], inFront = [] as Handler[] } = {},
) {
  let made = 0;
  let turns = 0;
  const gate = fakeGate();
  function* parts() {
    for (; made < total; made += 1) yield chunk;
  }
  const app = await listen((express) => {
    express.get("/sold", ...inFront, paid(gate, { maxAnswerBytes }), ...behind, (_request, response) => {
      const counting = setImmediate(function count() {
        turns += 1;
        if (!response.closed) setImmediate(count);
      });
      response.once("close", () => clearImmediate(counting));
      return ways[way]?.(parts(), response);
    });
    express.use((_error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      response.status(500).send("failed");
    });
  });
  const answer = await app("/sold", { headers: { payment: "one" } });
  const body = Buffer.from(await answer.arrayBuffer());
  return { answer, body, charged: gate.charged, made: () => made, turns: () => turns };
}

test.each(Object.keys(ways))(
  "other requests have their turn while an answer is made by %s, and it is whole",
  async (way) => {
    const { answer, body, charged, turns } = await shop(way, 30);
    expect([answer.status, body.byteLength, charged]).toEqual([200, 30 * chunk.byteLength, ["one"]]);
    expect(turns()).toBeGreaterThan(5);
  },
);

test.each(Object.keys(ways))("compression behind paid() leaves an answer by %s whole", async (way) => {
  const { answer, body } = await shop(way, 30, { behind: [compression({ threshold: 0, filter: () => true })] });
  expect([answer.headers.get("content-encoding"), body.byteLength]).toEqual(["gzip", 30 * chunk.byteLength]);
});

const compressed = () => ({ inFront: [compression({ threshold: 0, filter: () => true })] });

test.each(Object.keys(ways))(
  "compression in front of paid(), which keeps listeners to itself, gets an answer by %s whole",
  async (way) => {
    const { answer, body } = await shop(way, 30, compressed());
    expect([answer.headers.get("content-encoding"), body.byteLength]).toEqual(["gzip", 30 * chunk.byteLength]);
  },
);

test.each(Object.keys(ways).flatMap((way) => [[way, "nothing"] as const, [way, "compression"] as const]))(
  "an error is answered while a handler still writes more than is held, by %s, with %s in front",
  async (way, front) => {
    const total = 5_000;
    const more = front === "compression" ? compressed() : {};
    const { answer, charged, made } = await shop(way, total, { maxAnswerBytes: 100_000, ...more });
    expect([answer.status, charged]).toEqual([500, []]);
    expect(made()).toBeLessThan(total);
    // A pipeline hears of an answer that is finished, and takes it for its own: it goes on, a turn at a time.
    if (way === "pipeline") return;
    await pause(20);
    const whenAnswered = made();
    await pause(20);
    expect(made()).toBe(whenAnswered);
    expect(whenAnswered).toBeLessThan(total);
  },
);

test.each(Object.keys(ways))(
  "a client that leaves ends an endless answer by %s, with compression in front",
  async (way) => {
    let made = 0;
    let gone = false;
    const endless = function* () {
      for (; made < 100_000; made += 1) yield chunk;
    };
    const app = await listen((express) => {
      express.get("/sold", ...compressed().inFront, paid(fakeGate()), (_request, response) => {
        response.once("close", () => {
          gone = true;
        });
        return ways[way]?.(endless(), response);
      });
    });
    const leaving = new AbortController();
    const asked = app("/sold", { headers: { payment: "one" }, signal: leaving.signal }).catch(() => undefined);
    await expect.poll(() => made, { interval: 5 }).toBeGreaterThan(0);
    leaving.abort();
    await asked;
    await expect.poll(() => gone, { interval: 5 }).toBe(true);
    await pause(20);
    const whenGone = made;
    await pause(20);
    expect([made, made < 100_000]).toEqual([whenGone, true]);
  },
);

test("a handler that goes on to pipe after its end keeps no turn from the answer that it ended", async () => {
  const total = 5_000;
  let made = 0;
  const endless = function* () {
    for (; made < total; made += 1) yield chunk;
  };
  const app = await listen((express) => {
    express.get("/sold", paid(fakeGate()), (_request, response) => {
      response.end("made");
      Readable.from(endless()).pipe(response);
    });
  });
  expect(await (await app("/sold", { headers: { payment: "one" } })).text()).toBe("made");
  expect(made).toBeLessThan(total);
});

test("a handler is told to wait from the high-water mark on, and hears of one drain", async () => {
  const told: unknown[] = [];
  const app = await listen((express) =>
    express.get("/sold", paid(fakeGate()), async (_request, response) => {
      response.on("drain", () => told.push("drain"));
      told.push(response.write("a".repeat(response.writableHighWaterMark - 1)));
      told.push(response.write("b"), response.write(new Uint8Array(1)));
      await pause(5);
      told.push(response.write("c"));
      response.end();
    }),
  );
  await (await app("/sold", { headers: { payment: "one" } })).text();
  expect(told).toEqual([true, false, false, "drain", true]);
});

test.each(["on", "once", "addListener", "prependListener"] as const)(
  "where middleware in front keeps what is given to %s to itself, as compression does, handlers hear of a drain all the same",
  async (method) => {
    const told: unknown[] = [];
    const app = await listen((express) => {
      express.use((_request, response, next) => {
        const own = response[method];
        const keepsDrain = (...given: unknown[]) =>
          given[0] === "drain" ? response : Reflect.apply(own, response, given);
        Object.assign(response, { [method]: keepsDrain });
        next();
      });
      express.get("/sold", paid(fakeGate()), async (_request, response) => {
        response[method]("drain", () => told.push("drain"));
        told.push(response.write(Buffer.alloc(100_000)));
        await pause(5);
        response.end();
      });
    });
    await (await app("/sold", { headers: { payment: "one" } })).text();
    expect(told).toEqual([false, "drain"]);
  },
);

test("others that write meanwhile are told to wait for nothing: a drain of theirs would let handlers go on in their name", async () => {
  const told: boolean[] = [];
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      withoutContext(() => setTimeout(() => told.push(response.write(Buffer.alloc(100_000))), 5));
      next();
    });
    express.get("/sold", paid(fakeGate()), async (_request, response) => {
      await pause(20);
      response.end("made");
    });
  });
  expect((await app("/sold", { headers: { payment: "one" } })).status).toBe(200);
  expect(told).toEqual([true]);
});
