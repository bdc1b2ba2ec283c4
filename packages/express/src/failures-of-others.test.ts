// A timeout in front fails the request while its handler is at work, and middleware behind paid() holds that end back: nothing is
// charged, and no goods go into the failure.
import { Readable } from "node:stream";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Response as ExpressResponse } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

/** As express-session does while it saves: all but the last byte are written at once. `once`: it takes no second end. */
const holdEnd =
  ({ once }: { once: boolean }): Handler =>
  (_request, response, next) => {
    const { write, end } = response;
    let isEnded = false;
    Object.assign(response, {
      end(chunk: unknown) {
        if (once && isEnded) return response;
        isEnded = true;
        const text = typeof chunk === "string" ? chunk : "";
        if (once && text !== "") Reflect.apply(write, response, [text.slice(0, -1)]);
        const rest = once ? text.slice(-1) : text;
        setTimeout(() => Reflect.apply(end, response, rest === "" ? [] : [rest]), 40);
        return response;
      },
    });
    next();
  };

const pass: Handler = (_request, _response, next) => next();

async function ask(timeout: (response: ExpressResponse) => unknown, hold: Handler, handler: Handler) {
  const gate = fakeGate();
  const app = await listen((express) => {
    express.use((request, response, next) => {
      if (request.headers["x-slow"] !== undefined) setTimeout(() => timeout(response), 10);
      next();
    });
    express.get("/sold", paid(gate), hold, handler);
  });
  const answer = await app("/sold", { headers: { payment: "one", "x-slow": "1" } });
  const got = [answer.status, await answer.text(), [...gate.charged]];
  await pause(60);
  const next = await app("/sold", { headers: { payment: "one" } });
  return { got, next: [next.status, await next.text(), gate.charged] };
}

const timeouts: Record<string, [(response: ExpressResponse) => unknown, string]> = {
  "with words": [(response) => response.status(503).end("timeout"), "timeout"],
  "without a body": [(response) => response.status(503).end(), ""],
};

const handlers: Record<string, (response: ExpressResponse) => unknown> = {
  "by pipe": (response) => Readable.from(["go", "ods"]).pipe(response),
  "by pipe, with a status and headers": (response) =>
    Readable.from(["go", "ods"]).pipe(response.status(200).set("content-length", "5")),
  "by writeHead and write": (response) => {
    response.writeHead(200, { "content-length": "5" });
    for (const part of ["go", "ods"]) response.write(part);
    response.end();
  },
};

test.each(Object.keys(timeouts).flatMap((way) => Object.keys(handlers).map((by) => [way, by] as const)))(
  "a failure %s takes no goods of a handler that then sends them %s",
  async (way, by) => {
    const [timeout = () => undefined, text] = timeouts[way] ?? [];
    const sellLate: Handler = async (_request, response) => {
      await pause(25);
      handlers[by]?.(response);
    };
    const { got, next } = await ask(timeout, holdEnd({ once: true }), sellLate);
    expect(got).toEqual([503, text, []]);
    expect(next).toEqual([200, "goods", ["one"]]);
  },
);

test.each(Object.keys(handlers))(
  "where middleware holds back each end by itself, goods that are sent %s are not given away",
  async (by) => {
    const sellLate: Handler = async (_request, response) => {
      await pause(25);
      handlers[by]?.(response);
    };
    const { got, next } = await ask(
      (response) => response.status(503).end("timeout"),
      holdEnd({ once: false }),
      sellLate,
    );
    expect(got).toEqual([503, "timeout", []]);
    expect(next).toEqual([200, "goods", ["one"]]);
  },
);

test("goods that a failure of others ends half way are not charged", async () => {
  const { got, next } = await ask(
    (response) => response.status(503).end("timeout"),
    pass,
    async (_request, response) => {
      response.write("go");
      await pause(25);
      response.end("ods");
    },
  );
  expect(got).toEqual([500, expect.not.stringContaining("go"), []]);
  expect(next).toEqual([200, "goods", ["one"]]);
});

const endLate: Handler = async (_request, response) => {
  await pause(25);
  response.end("goods");
};

test("a failure that others begin, and a handler ends, is an error at once, and gives no goods away", async () => {
  const { got, next } = await ask((response) => response.status(503).write("too "), pass, endLate);
  expect(got).toEqual([500, expect.not.stringContaining("goods"), []]);
  expect(next).toEqual([200, "goods", ["one"]]);
});

test("a failure of the handler's own takes what it writes outside of its async context, and inside", async () => {
  const { got } = await ask(
    (response) => response.write("no "),
    pass,
    (request, response, next) => {
      response.status(404);
      return endLate(request, response, next);
    },
  );
  expect(got).toEqual([404, "no goods", []]);
});

test("a failure of others has the headers that they set, also where a handler flushes its head before", async () => {
  const timeout = async (response: ExpressResponse) => {
    response.status(503);
    await pause(30);
    response.set("x-why", "slow").end();
  };
  const app = await listen((express) => {
    express.use((_request, response, next) => {
      setTimeout(() => timeout(response), 5);
      next();
    });
    express.get("/sold", paid(fakeGate()), async (_request, response) => {
      await pause(20);
      response.flushHeaders();
    });
  });
  const answer = await app("/sold", { headers: { payment: "one" } });
  expect([answer.status, answer.headers.get("x-why")]).toEqual([503, "slow"]);
});

/** Keeps all bytes until the first end, and writes them together a moment later. */
const keepBytes: Handler = (_request, response, next) => {
  const { write, end } = response;
  const kept: unknown[] = [];
  let isEnded = false;
  Object.assign(response, {
    write: (chunk: unknown) => kept.push(chunk) > 0,
    end(chunk: unknown) {
      if (!isEnded)
        setTimeout(() => {
          Reflect.apply(write, response, [
            [chunk, ...kept]
              .filter((part) => part !== undefined)
              .map(String)
              .join(""),
          ]);
          Reflect.apply(end, response, []);
        }, 40);
      isEnded = true;
      return response;
    },
  });
  next();
};

test("middleware behind paid() that keeps the handler's bytes adds them to no failure that tells its length", async () => {
  const { got, next } = await ask(
    (response) => response.status(503).send("timeout"),
    keepBytes,
    async (request, response) => {
      if (request.headers["x-slow"] !== undefined) await pause(25);
      response.write("goods");
      response.end();
    },
  );
  expect(got).toEqual([500, expect.not.stringContaining("goods"), []]);
  expect(next).toEqual([200, "goods", ["one"]]);
});
