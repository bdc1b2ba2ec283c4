// While a client still reads a long answer, middleware in front sees that it was begun, and handlers that err end it no more.
import { AsyncResource } from "node:async_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import type { Handler } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";
import { session, spend } from "./session.ts";

failOnCrash();

const long = Buffer.alloc(20_000_000);

const inFront: Record<string, Handler> = {
  "ends the connection of an answer that was not begun": (request, response, next) => {
    setTimeout(() => response.headersSent || request.socket.destroy(), 60);
    next();
  },
  "writes a head of its own where none was sent": (_request, response, next) => {
    const { writeHead, end } = response;
    setTimeout(() => {
      if (response.headersSent) return;
      Reflect.apply(writeHead, response, [504]);
      Reflect.apply(end, response, ["too slow"]);
    }, 60);
    next();
  },
  "does nothing": (_request, _response, next) => next(),
};
/** As a driver does whose connections were opened before any request. */
const driver = new AsyncResource("driver");
const errings: Record<string, Handler> = {
  async rejects() {
    await pause(60);
    throw new Error("After the end.");
  },
  "errs out of its context": (_request, _response, next) =>
    driver.runInAsyncScope(() => void setTimeout(() => next(new Error("After the end.")), 60)),
};
const scenes = Object.keys(inFront).flatMap((way) =>
  Object.keys(errings).flatMap((erring) => [
    [way, erring, "/sold", 200] as const,
    [way, erring, "/spent", 500] as const,
  ]),
);

test.each(scenes)(
  "a timeout in front that %s leaves a long answer whole whose client is slow, and whose handler %s: %s",
  async (...scene) => {
    const [way, erring, path, status] = scene;
    const { sessions } = createMemoryStores<object>();
    const { record } = await sessions.create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n } });
    const gate = fakeGate();
    const app = await listen((express) => {
      express.use(inFront[way] ?? []);
      const handler: Handler = (request, response, next) => {
        response.status(status).send(long);
        return errings[erring]?.(request, response, next);
      };
      express.get("/sold", paid(gate), handler);
      express.get("/spent", session({ sessions, bearer: true }), spend("calls"), handler);
    });
    const answer = await app(path, { headers: { payment: "one", authorization: `Bearer ${record.id}` } });
    await pause(100);
    expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([status, long.byteLength]);
    expect(gate.charged).toEqual(path === "/sold" ? ["one"] : []);
  },
);
