// A failure behind spend(), behind several, and behind paid() and spend(): what loggers see, and what is told of the call.
import { once } from "node:events";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { type Handler, pause } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";
import { session, spend } from "./session.ts";

failOnCrash();

const failures: Record<string, Handler> = {
  json: (_request, response) => response.status(500).json({ failed: true }),
  "writeHead and writes": (_request, response) => {
    response.writeHead(503, { "content-type": "text/plain" }).write("fai");
    response.end("led");
  },
  "a flushed head": (_request, response) => {
    response.status(500).flushHeaders();
    response.end();
  },
  "a throw": () => Promise.reject(new Error("Broken.")),
};
const fronts = { nothing: [], "another spend()": [spend("more")], "paid()": [paid(fakeGate())] };

test.each(Object.keys(fronts).flatMap((front) => Object.keys(failures).map((way) => [way, front] as const)))(
  "a failure by %s behind spend() and %s gives each call back, tells none, and was sent when loggers look",
  async (way, front) => {
    const { sessions } = createMemoryStores<object>();
    const created = await sessions.create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n, more: 2n } });
    if (created.status !== "ok") throw new Error("No session was made.");
    const { id } = created.record;
    const seen: unknown[] = [];
    const app = await listen((express) => {
      express.use((_request, response, next) => {
        response.on("finish", () => seen.push([response.headersSent, response.statusCode >= 500]));
        next();
      });
      const [first = [], handler = failures.json] = [
        Object.entries(fronts).find(([name]) => name === front)?.[1],
        failures[way],
      ];
      express.get(
        "/sold",
        session({ sessions, bearer: true }),
        ...first,
        spend("calls", { header: "x-calls-left" }),
        handler ?? (() => undefined),
      );
    });
    const answer = await app("/sold", { headers: { authorization: `Bearer ${id}`, payment: "one" } });
    await answer.text();
    expect([answer.status >= 500, answer.headers.get("x-calls-left"), seen]).toEqual([true, null, [[true, true]]]);
    expect((await sessions.get(id))?.quotas).toEqual({ calls: 2n, more: 2n });
  },
);

test.each(["an end that was held back", "Node's own end"])(
  "a failure that others answer by %s gives the call back, whatever the handler answers",
  async (way) => {
    const { sessions } = createMemoryStores<object>();
    const created = await sessions.create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n } });
    if (created.status !== "ok") throw new Error("No session was made.");
    const { id } = created.record;
    const app = await listen((express) => {
      express.get(
        "/mine",
        (_request, response, next) => {
          const end = response.end.bind(response);
          const isHeld = way === "an end that was held back";
          if (isHeld) response.end = () => response;
          setTimeout(() => end("too slow"), 10);
          response.status(503);
          next();
        },
        session({ sessions, bearer: true }),
        spend("calls"),
        async (_request, response) => {
          await pause(20);
          response.end("made");
        },
      );
    });
    const answer = await app("/mine", { headers: { authorization: `Bearer ${id}` } });
    expect([answer.status, await answer.text()]).toEqual([503, "too slow"]);
    await expect.poll(async () => (await sessions.get(id))?.quotas).toEqual({ calls: 2n });
  },
);

test.each(["before its call is spent", "while it is spent"])(
  "a client that leaves %s keeps it, and no handler runs",
  async (when) => {
    const { sessions } = createMemoryStores<object>();
    const created = await sessions.create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n } });
    if (created.status !== "ok") throw new Error("No session was made.");
    const { id } = created.record;
    let waiting: Promise<unknown> | undefined;
    let wait: () => Promise<unknown> = () => Promise.resolve();
    const slow: typeof sessions = {
      ...sessions,
      async debit(...call) {
        const debited = await sessions.debit(...call);
        if (when === "while it is spent") await wait();
        return debited;
      },
    };
    const seen: string[] = [];
    const app = await listen((express) => {
      express.get(
        "/mine",
        (_request, response, next) => {
          wait = () => {
            waiting = once(response, "close");
            return waiting;
          };
          next();
        },
        session({ sessions: slow, bearer: true }),
        async (_request, _response, next) => {
          if (when === "before its call is spent") await wait();
          next();
          seen.push("handed on");
        },
        spend("calls", { header: "x-calls-left" }),
        () => seen.push("run"),
      );
    });
    const leaving = new AbortController();
    app("/mine", { headers: { authorization: `Bearer ${id}` }, signal: leaving.signal }).catch(() => undefined);
    await expect.poll(() => waiting !== undefined).toBe(true);
    leaving.abort();
    await waiting;
    await pause(20);
    expect([seen, (await sessions.get(id))?.quotas]).toEqual([["handed on"], { calls: 2n }]);
  },
);
