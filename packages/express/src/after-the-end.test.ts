// Handlers that go on after they ended their answer, or end it wrongly: what was made is sent, once and whole.

import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores } from "@tollbooth-stores/memory";
import compression from "compression";
import type { Express, Response as ExpressResponse, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { afterTheEnd, type Handler } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";
import { session, spend } from "./session.ts";

failOnCrash();

async function shop(status: number, then: Handler, more: (app: Express) => void = () => undefined) {
  const { sessions } = createMemoryStores<object>();
  const { id } = await createdIn(sessions);
  const gate = fakeGate();
  const handler: Handler = (request, response, next) => {
    response.status(status).json({ made: status });
    return then(request, response, next);
  };
  const app = await listen((app) => {
    more(app);
    app.get("/sold", paid(gate), handler);
    app.get("/spent", session({ sessions, bearer: true }), spend("calls"), handler);
    app.use((error: Error, _request: Request, response: ExpressResponse, next: (error: unknown) => void) => {
      if (response.headersSent) next(error);
      else response.status(500).send(error.message);
    });
  });
  const left = async () => (await sessions.get(id))?.quotas?.calls;
  return { app, gate, left, spending: { headers: { authorization: `Bearer ${id}` } } };
}

async function createdIn({ create }: ReturnType<typeof createMemoryStores<object>>["sessions"]) {
  const created = await create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n } });
  if (created.status !== "ok") throw new Error("No session was made.");
  return created.record;
}

test.each(Object.entries(afterTheEnd))(
  "a sold answer is sent as it was ended, where its handler then %s",
  async (_way, then) => {
    const { app, gate } = await shop(200, then);
    for (let round = 0; round < 2; round += 1) {
      const answer = await app("/sold", { headers: { payment: "one" } });
      expect([answer.status, await answer.json(), answer.headers.get("x-late")]).toEqual([200, { made: 200 }, null]);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(gate.charged).toEqual(["one"]);
  },
);

test.each(Object.entries(afterTheEnd))(
  "a failure is sent as it was ended, and its call given back, where its handler then %s",
  async (_way, then) => {
    const { app, spending, left } = await shop(500, then);
    const answer = await app("/spent", spending);
    expect([answer.status, await answer.json(), answer.headers.get("x-late")]).toEqual([500, { made: 500 }, null]);
    expect(await left()).toBe(2n);
  },
);

test("a handler that has ended its answer is told so, and that it can still answer an error", async () => {
  const seen: unknown[] = [];
  const { app } = await shop(200, (_request, response) => void seen.push(response.writableEnded, response.headersSent));
  await app("/sold", { headers: { payment: "one" } });
  expect(seen).toEqual([true, false]);
});

test("a call whose answer was sent stays spent, whatever status is set after it", async () => {
  const { app, spending, left } = await shop(200, (_request, response) => {
    response.statusCode = 500;
    response.end();
  });
  expect((await app("/spent", spending)).status).toBe(200);
  expect(await left()).toBe(1n);
});

test("a call is spent by the status that was sent, not by one that was set later", async () => {
  const { sessions } = createMemoryStores<object>();
  const { id } = await createdIn(sessions);
  const app = await listen((app) =>
    app.get("/", session({ sessions, bearer: true }), spend("calls"), (_request, response) => {
      response.write("half of it");
      response.statusCode = 500;
      response.end("the other");
    }),
  );
  expect((await app("/", { headers: { authorization: `Bearer ${id}` } })).status).toBe(200);
  expect((await sessions.get(id))?.quotas?.calls).toBe(1n);
});

test.each(["before", "behind"])("compression %s paid() and spend() leaves the answer whole", async (place) => {
  const text = "a".repeat(5_000);
  const { sessions } = createMemoryStores<object>();
  const { id } = await createdIn(sessions);
  const gate = fakeGate();
  const app = await listen((app) => {
    const inFront = place === "before" ? [compression({ threshold: 0 })] : [];
    const behind = place === "behind" ? [compression({ threshold: 0 })] : [];
    const streamed: Handler = (_request, response) => {
      response.type("text").write(text.slice(1));
      response.end("a");
    };
    app.get("/sold", ...inFront, paid(gate), ...behind, streamed);
    app.get("/spent", session({ sessions, bearer: true }), spend("calls"), ...behind, (_request, response) => {
      response.status(500).type("text").end(text);
    });
  });
  for (let round = 0; round < 2; round += 1) {
    const answer = await app("/sold", { headers: { payment: "one" } });
    expect([answer.status, answer.headers.get("content-encoding"), await answer.text()]).toEqual([200, "gzip", text]);
  }
  expect(gate.charged).toEqual(["one"]);
  const failed = await app("/spent", { headers: { authorization: `Bearer ${id}` } });
  expect([failed.status, await failed.text(), (await sessions.get(id))?.quotas?.calls]).toEqual([500, text, 2n]);
});

test.each([
  ["nothing", ""],
  ["less", "short"],
])("an answer of %s than the length that it says is not sold", async (_what, body) => {
  const gate = fakeGate();
  const app = await listen((app) =>
    app.get("/sold", paid(gate), (_request, response) => {
      response.set("content-length", "30");
      response.end(body);
    }),
  );
  const answer = await app("/sold", { headers: { payment: "one" } });
  expect([answer.status, gate.charged]).toEqual([500, []]);
});

test.each([200, 204, 304])("%i without a body is sold with a length that is right", async (status) => {
  const gate = fakeGate();
  const app = await listen((app) =>
    app.get("/sold", paid(gate), (_request, response) => response.status(status).end()),
  );
  const answer = await app("/sold", { headers: { payment: "one" } });
  expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([
    status,
    status === 200 ? "0" : null,
    "",
  ]);
  expect(gate.charged).toEqual(["one"]);
});

test.each([
  ["ends", (response: ExpressResponse) => response.status(200).set("x-late", "1").json({ late: true })],
  ["writes a head", (response: ExpressResponse) => response.writeHead(200, { "x-late": "1" }).end("late")],
  ["appends a header", (response: ExpressResponse) => response.appendHeader("content-type", "late")],
])(
  "an answer whose end middleware in front holds back has its own head, where its late handler %s first",
  async (_way, late) => {
    const app = await listen((app) => {
      app.use((_request, response, next) => {
        const { end } = response;
        const endLater: Handler = (...given) => void setTimeout(() => Reflect.apply(end, response, given), 20);
        Object.assign(response, { end: (...given: Parameters<Handler>) => endLater(...given) ?? response });
        next();
      });
      const tooSlow = { status: 504, headers: { "content-type": "text/plain" }, body: Buffer.from("too slow") };
      app.use(
        paid({
          async handle(_context, _body, serve) {
            serve({ key: "one", signal: new AbortController().signal, fence: "1" }).catch(() => undefined);
            return tooSlow;
          },
        }),
      );
      // A handler that has kept the methods it was given reaches the response no better.
      app.get("/kept", (_request, response) => {
        const { end } = response;
        setTimeout(() => Reflect.apply(end, response, ["late"]), 5);
      });
      app.get("/", (_request, response) => void setTimeout(() => late(response), 5));
    });
    for (const path of ["/", "/kept", "/"]) {
      const answer = await app(path);
      expect([answer.status, await answer.text(), answer.headers.get("x-late")]).toEqual([504, "too slow", null]);
      expect(answer.headers.get("content-type")).toBe("text/plain");
    }
  },
);

test.each([
  ["/sold", 200, "sold"],
  ["/spent", 500, "failed"],
])(
  "%s stays as it was ended where its end is held back in front, and its handler throws meanwhile",
  async (path, status, text) => {
    const { sessions } = createMemoryStores<object>();
    const { id } = await createdIn(sessions);
    const seen: unknown[] = [];
    const app = await listen((app) => {
      app.use((_request, response, next) => {
        const { end } = response;
        Object.assign(response, {
          end: (...given: unknown[]) => void setTimeout(() => Reflect.apply(end, response, given), 40),
        });
        response.on("finish", () => seen.push(response.headersSent));
        next();
      });
      const late: Handler = async (_request, response) => {
        response.status(status).send(text);
        await new Promise((resolve) => setTimeout(resolve, 20));
        throw new Error("After the end.");
      };
      app.get("/sold", paid(fakeGate()), late);
      app.get("/spent", session({ sessions, bearer: true }), spend("calls"), late);
    });
    const answer = await app(path, { headers: { payment: "one", authorization: `Bearer ${id}` } });
    expect([answer.status, await answer.text(), answer.headers.get("content-length")]).toEqual([
      status,
      text,
      String(text.length),
    ]);
    expect(seen).toEqual([true]);
  },
);

test("methods that middleware behind paid() has kept do nothing once the answer is ended", async () => {
  let settle = () => {};
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const { handle } = fakeGate();
  const app = await listen((app) => {
    app.get(
      "/sold",
      paid({
        handle: (context, body, serve) => handle(context, body, (payment) => serve(payment).finally(() => settled)),
      }),
      (_request, response, next) => {
        const { writeHead, write, flushHeaders } = response;
        setTimeout(() => {
          if (!response.headersSent) Reflect.apply(writeHead, response, [504, { "x-late": "1" }]);
          Reflect.apply(flushHeaders, response, []);
          Reflect.apply(write, response, ["late"]);
          settle();
        }, 10);
        next();
      },
      (_request, response) => response.send("made"),
    );
  });
  const answer = await app("/sold", { headers: { payment: "one" } });
  expect([answer.status, await answer.text(), answer.headers.get("x-late")]).toEqual([200, "made", null]);
});
