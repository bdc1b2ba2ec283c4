// A gate that fails while its handlers are at work: error handlers answer, and the handlers give nothing away.
import type { PaidGate } from "@tollbooth-stores/http";
import type { Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { afterTheEnd, pause } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

function rejecting(when: "at once" | "after it has ended"): PaidGate {
  return {
    async handle(_context, _body, serve) {
      const served = serve({ key: "one", fence: "1", signal: new AbortController().signal });
      if (when === "at once") void served.catch(() => undefined);
      else await served;
      throw new Error("A hook has failed.");
    },
  };
}

test.each([...Object.entries(afterTheEnd), ["goes on for ever", () => undefined] as const])(
  "a gate that rejects while its handler is at work is answered by an error handler that takes its time, where the handler %s",
  async (_way, then) => {
    for (const [atWorkMs, answersMs] of [
      [0, 15],
      [5, 15],
      [15, 0],
    ]) {
      let worked: Promise<unknown> | undefined;
      const app = await listen((app) => {
        app.get("/sold", paid(rejecting("at once")), async (request, response, next) => {
          worked = pause(atWorkMs);
          await worked;
          return then(request, response, next);
        });
        app.use(async (error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
          await pause(answersMs);
          response.status(500).send(error.message);
        });
      });
      const answer = await app("/sold");
      expect([answer.status, await answer.text()]).toEqual([500, "A hook has failed."]);
      expect([answer.headers.get("x-late"), answer.headers.getSetCookie()]).toEqual([null, []]);
      await worked;
      await pause(10);
    }
  },
);

test("a gate that rejects after its handler has ended is answered by the error handler alone", async () => {
  const app = await listen((app) => {
    app.get("/sold", paid(rejecting("after it has ended")), async (_request, response) => {
      response.json({ made: true });
      await pause(5);
      response.statusCode = 200;
      response.end("given away");
    });
    app.use(async (error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      response.status(500);
      await pause(15);
      response.send(error.message);
    });
  });
  const answer = await app("/sold");
  expect([answer.status, await answer.text()]).toEqual([500, "A hook has failed."]);
});

test("a gate that rejects gives nothing away through a driver that calls back outside of its caller's context", async () => {
  for (const errorHandlerMs of [0, 200]) {
    const driver = pooledDriver();
    const app = await listen((app) => {
      app.get("/sold", paid(rejecting("at once")), (_request, response) => {
        driver.query(() => response.status(201).setHeader("x-late", "yes").json({ goods: "for nothing" }));
      });
      app.use(async (error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
        if (errorHandlerMs > 0) await pause(errorHandlerMs);
        response.status(502).send(error.message);
      });
    });
    const answer = await app("/sold");
    const [status, body] = [answer.status, await answer.text()];
    expect(body).not.toContain("goods");
    expect([errorHandlerMs, status]).toEqual(errorHandlerMs === 0 ? [0, 502] : [200, 500]);
    expect(answer.headers.get("x-late")).toBe(null);
    driver.end();
  }
});

test("a handler that streams gives nothing away while an error handler takes its time, and names no status", async () => {
  const app = await listen((app) => {
    app.get("/sold", paid(rejecting("at once")), async (_request, response) => {
      await pause(5);
      response.statusCode = 200;
      response.statusMessage = "Goods";
      response.write("goods");
    });
    app.use(async (error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      response.status(502);
      await pause(25);
      response.setHeader("x-why", "gate").end(error.message);
    });
  });
  const answer = await app("/sold");
  expect([answer.status, answer.statusText, await answer.text()]).toEqual([502, "Bad Gateway", "A hook has failed."]);
});

test("what is no end, by such a driver, leaves the answer to the error handler", async () => {
  const driver = pooledDriver();
  const app = await listen((app) => {
    app.get("/sold", paid(rejecting("at once")), (_request, response) => {
      driver.query(() => response.setHeader("x-late", "1").write("goods"));
    });
    app.use(async (error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      await pause(80);
      response.status(502).send(error.message);
    });
  });
  const answer = await app("/sold");
  expect([answer.status, await answer.text(), answer.headers.get("x-late")]).toEqual([502, "A hook has failed.", null]);
  driver.end();
});

test.each(["the handler", "the error handler"])(
  "an error handler's answer is whole where %s throws before its end is through",
  async (thrower) => {
    const app = await listen((app) => {
      app.use((_request, response, next) => {
        const { end } = response;
        const endLater = (...given: unknown[]) => void setTimeout(() => Reflect.apply(end, response, given), 20);
        Object.assign(response, { end: (...given: unknown[]) => endLater(...given) ?? response });
        next();
      });
      app.get("/sold", paid(rejecting("at once")), async () => {
        await pause(10);
        if (thrower === "the handler") throw new Error("Late.");
      });
      app.use(async (error: Error, _request: Request, response: ExpressResponse, next: (error: Error) => void) => {
        if (response.headersSent) return next(error);
        response.status(502).write(error.message);
        await pause(20);
        response.end(" Sorry.");
        if (thrower === "the error handler") throw new Error("After the end.");
      });
    });
    const answer = await app("/sold");
    expect([answer.status, await answer.text()]).toEqual([502, "A hook has failed. Sorry."]);
  },
);

test("such a driver that calls back after the error handler's answer was sent changes nothing, and does not throw", async () => {
  const handed: ExpressResponse[] = [];
  const app = await listen((app) => {
    app.get("/sold", paid(rejecting("at once")), (_request, response) => void handed.push(response));
    app.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      response.status(502).send(error.message);
    });
  });
  expect((await app("/sold")).status).toBe(502);
  const [late] = handed;
  await expect.poll(() => late?.writableFinished).toBe(true);
  late?.status(201).setHeader("x-late", "yes").json({ goods: "for nothing" });
  expect(late?.statusCode).toBe(502);
});

test("an error handler that answers from such a driver ends the answer, too", async () => {
  const driver = pooledDriver();
  const app = await listen((app) => {
    app.get("/sold", paid(rejecting("at once")), () => undefined);
    app.use((error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
      driver.query(() => response.status(502).send(error.message));
    });
  });
  const answer = await app("/sold");
  expect([answer.status, await answer.json()]).toEqual([500, expect.objectContaining({ error: "internal_error" })]);
  driver.end();
});

test.each([
  ["at once", 0],
  ["in two parts, some time apart,", 30],
])(
  "an error handler that answers %s has its own head where middleware in front holds writes back outside of its context",
  async (_how, betweenMs) => {
    const driver = pooledDriver();
    const seen: unknown[] = [];
    const app = await listen((app) => {
      app.use((_request, response, next) => {
        for (const name of ["write", "end"] as const) {
          const method = response[name];
          const later = (...given: unknown[]) => driver.query(() => void Reflect.apply(method, response, given));
          Object.assign(response, { [name]: later });
        }
        response.once("finish", () => seen.push(response.statusCode));
        next();
      });
      app.get("/sold", paid(rejecting("at once")), async (_request, response) => {
        await pause(15);
        response.status(200).set("x-late", "1").json({ goods: "for nothing" });
      });
      app.use(async (error: Error, _request: Request, response: ExpressResponse, _next: unknown) => {
        response.status(502).type("text");
        if (betweenMs > 0) {
          response.write("A hook ");
          await pause(betweenMs);
          response.end("has failed.");
        } else response.send(error.message);
      });
    });
    const answer = await app("/sold", { signal: AbortSignal.timeout(1_000) });
    expect([answer.status, await answer.text(), answer.headers.get("x-late")]).toEqual([
      502,
      "A hook has failed.",
      null,
    ]);
    expect(answer.headers.get("content-type")).toContain("text/plain");
    await expect.poll(() => seen).toEqual([502]);
    driver.end();
  },
);

/** Calls back from a timer of its own, 50 ms later: an error handler that answers at once is sooner, also on a busy machine. */
function pooledDriver() {
  const asked: { callback: () => void; dueMs: number }[] = [];
  const timer = setInterval(() => {
    if ((asked[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= performance.now()) asked.shift()?.callback();
  }, 5);
  return {
    query: (callback: () => void) => void asked.push({ callback, dueMs: performance.now() + 50 }),
    end: () => clearInterval(timer),
  };
}
