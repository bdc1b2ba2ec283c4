// Others answer a sold request past the methods that paid() has put in place: by an end that middleware in front held back, or by
// Node's own methods that it kept. Their answer is sent whole, the gate hears of it, and the payer is served at the next try.
import { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Answer, type PaidGate, problem } from "@tollbooth-stores/http";
import type { Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

const orders = ["serve-then-settle", "settle-then-serve"] as const;

/** A payment that was charged is served again until its answer is made. The signal counts as it does in a lease. */
function sellingGate(order: (typeof orders)[number], { beforeMs = 0, settleMs = 0 } = {}) {
  const charged = new Set<string>();
  const kept = new Map<string, Answer>();
  let calls = 0;
  const gate: PaidGate = {
    async handle({ adapter, signal = new AbortController().signal }, _body, serve) {
      calls += 1;
      try {
        const key = adapter.getHeader("payment") ?? "none";
        const known = kept.get(key);
        if (known !== undefined) return known;
        await pause(beforeMs);
        if (order === "settle-then-serve") charged.add(key);
        const answer = await serve({ key, fence: "1", signal });
        if (answer.status >= 400) return answer;
        await pause(settleMs);
        if (signal.aborted) return problem(503, "settlement_pending", "Ask again.");
        charged.add(key);
        kept.set(key, answer);
        return answer;
      } finally {
        calls -= 1;
      }
    },
  };
  return { gate, charged: () => [...charged], isAtWork: () => calls > 0 };
}

/** As middleware does that saves something before the answer ends. */
function holdEnd(response: ServerResponse): void {
  const { end } = response;
  let isEnded = false;
  Object.assign(response, {
    end(...given: unknown[]) {
      if (!isEnded) setTimeout(() => Reflect.apply(end, response, given), 30);
      isEnded = true;
      return response;
    },
  });
}

/** Answers only the first request. */
const fronts: Record<string, Handler> = {
  "an end that is held back in front since before paid()": (_request, response, next) => {
    holdEnd(response);
    response.status(503).end("too slow");
    next();
  },
  "an end that is held back in front since the gate is asked": (_request, response, next) => {
    holdEnd(response);
    setTimeout(() => response.status(503).send("too slow"), 5);
    next();
  },
  "Node's own end": (_request, response, next) => {
    const end = ServerResponse.prototype.end.bind(response);
    setTimeout(() => end(Reflect.apply(response.status(503).set, response, ["x-front", "1"]) && "too slow"), 35);
    next();
  },
  "Node's own writeHead and end": (_request, response, next) => {
    const { writeHead, end } = ServerResponse.prototype;
    setTimeout(() => {
      Reflect.apply(writeHead, response, [503]);
      Reflect.apply(end, response, ["too slow"]);
    }, 35);
    next();
  },
  "Node's own write and end": (_request, response, next) => {
    const { write, end } = ServerResponse.prototype;
    setTimeout(() => {
      response.status(503);
      Reflect.apply(write, response, ["too "]);
      Reflect.apply(end, response, ["slow"]);
    }, 35);
    next();
  },
};

async function* goods(afterMs: number) {
  yield "go";
  await pause(afterMs);
  yield "ods";
}

const handlers: Record<string, (response: ServerResponse, afterMs: number) => unknown> = {
  pipeline: (response, afterMs) => pipeline(Readable.from(goods(afterMs)), response).catch(() => undefined),
  pipe: (response, afterMs) => Readable.from(goods(afterMs)).pipe(response),
  async "write and end"(response, afterMs) {
    response.statusCode = 200;
    response.setHeader("content-length", "5");
    for await (const part of goods(afterMs)) response.write(part);
    response.end();
  },
};

const scenes = orders.flatMap((order) =>
  Object.keys(fronts).flatMap((way) => Object.keys(handlers).map((by) => [way, by, order] as const)),
);

async function ask({ front, handler, gate }: { front: Handler | undefined; handler: Handler; gate: PaidGate }) {
  let isFirst = true;
  return listen((express) => {
    express.use((request, response, next) => {
      if (!isFirst || front === undefined) return next();
      isFirst = false;
      return front(request, response, next);
    });
    express.get("/sold", paid(gate), handler);
  });
}

const payment = { headers: { payment: "one" } };

test.each(scenes)(
  "%s, while a handler answers by %s (%s): it is sent, and the payer is served next",
  async (...scene) => {
    const [way, by, order] = scene;
    const { gate, charged, isAtWork } = sellingGate(order, { beforeMs: 10 });
    const app = await ask({
      front: fronts[way],
      handler: (_request, response) => handlers[by]?.(response, 60),
      gate,
    });
    const answer = await app("/sold", payment);
    expect([answer.status, await answer.text()]).toEqual([503, "too slow"]);
    await expect.poll(isAtWork, { interval: 5 }).toBe(false);
    expect(charged()).toEqual(order === "serve-then-settle" ? [] : ["one"]);
    const next = await app("/sold", payment);
    expect([next.status, await next.text(), charged()]).toEqual([200, "goods", ["one"]]);
    await pause(30);
  },
);

test.each(Object.keys(fronts))("%s, while the sale is settled: it is sent, and the gate hears of it", async (way) => {
  const { gate, charged, isAtWork } = sellingGate("serve-then-settle", { beforeMs: 10, settleMs: 50 });
  const app = await ask({
    front: fronts[way],
    handler: (_request, response) => response.status(200).send("goods"),
    gate,
  });
  const answer = await app("/sold", payment);
  expect([answer.status, await answer.text()]).toEqual([503, "too slow"]);
  await expect.poll(isAtWork, { interval: 5 }).toBe(false);
  expect(charged()).toEqual([]);
  const next = await app("/sold", payment);
  expect([next.status, await next.text(), charged()]).toEqual([200, "goods", ["one"]]);
});

test.each<[string, (response: ExpressResponse) => unknown]>([
  ["send", (response) => response.send("too slow")],
  ["json", (response) => response.json("too slow")],
  [
    "a head and a first part",
    (response) => {
      response.set("content-length", "8").write("too ");
      response.end("slow");
    },
  ],
])(
  "an answer that others began before paid() with %s is sent whole: no gate is asked, and error handlers change nothing",
  async (...scene) => {
    const [, answerFirst] = scene;
    const { gate, charged } = sellingGate("settle-then-serve");
    const errors: string[] = [];
    const app = await listen((express) => {
      express.use((_request, response, next) => {
        holdEnd(response);
        answerFirst(response.status(503));
        next();
      });
      express.get("/sold", paid(gate), (_request, response) => response.status(200).send("goods"));
      express.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
        errors.push(error.message);
        response.status(500).json({ error: "an answer that is longer than the other" });
      });
    });
    const answer = await app("/sold", payment);
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringMatching(/^"?too slow"?$/)]);
    expect([charged(), errors]).toEqual([[], [expect.stringContaining("content-length")]]);
  },
);
