// Work that lost its async context, as a queue's worker or a pooled driver, and writes to Node's response while a sale is under way.
import { AsyncResource } from "node:async_hooks";
import { EventEmitter, once } from "node:events";
import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { PaidGate } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { Hono } from "hono";
import { expect, onTestFinished, test, vi } from "vitest";
import { asker } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";

type Node = { Bindings: { outgoing: ServerResponse } };

const pay = { headers: { payment: "one" } };
/** Begun before any request. */
const worker = new AsyncResource("worker");

function shop() {
  const errors: Error[] = [];
  const app = new Hono<Node>().onError((error, c) => {
    errors.push(error);
    return c.text("sorry", 500);
  });
  let outgoing: ServerResponse | undefined;
  app.use(async (c, next) => {
    outgoing = c.env.outgoing;
    c.header("x-front", "front");
    await next();
  });
  const onKept = (write: (response: ServerResponse) => unknown) => outgoing !== undefined && write(outgoing);
  const work = (write: (response: ServerResponse) => unknown) => worker.runInAsyncScope(() => onKept(write));
  return { app, errors, onKept, work };
}

const writes: Record<string, (response: ServerResponse) => unknown> = {
  "ends it": (response) => response.end("the goods"),
  "writes its head": (response) => response.writeHead(200).end("the goods"),
  "writes piece by piece": (response) => {
    response.write("the ");
    response.flushHeaders();
    response.end("goods");
  },
};
const answers: Record<string, (response: ServerResponse) => unknown> = {
  "says that it was sent": () => RESPONSE_ALREADY_SENT,
  "answers too": () => new Response("the goods"),
  "waits for its end": (response) => once(response, "finish").then(() => RESPONSE_ALREADY_SENT),
};

test.each(Object.keys(writes).flatMap((how) => Object.keys(answers).map((then) => [how, then] as const)))(
  "a worker that %s gives nothing away, where the handler %s: it is an error, and not charged",
  async (how, then) => {
    const gate = fakeGate();
    const { app, errors, work } = shop();
    app.get("/sold", paid(gate), async () => {
      let made: unknown;
      work((response) => {
        writes[how]?.(response);
        made = answers[then]?.(response);
      });
      return made as Response;
    });
    const answer = await (await asker(app, "serve()"))("/sold", pay);
    expect([answer.status, await answer.text(), answer.headers.get("x-front")]).toEqual([500, "sorry", "front"]);
    expect([gate.charged, errors]).toEqual([[], [expect.objectContaining({ name: "TypeError" })]]);
    expect(errors[0]?.message).toContain("async context");
  },
);

test("a worker that writes on while its payment is settled changes nothing of what was bought", async () => {
  const selling = fakeGate();
  const { app, errors, work } = shop();
  let isEnded: boolean | undefined;
  const gate: PaidGate = {
    async handle(context, body, serve) {
      const answer = await selling.handle(context, body, serve);
      work((response) => response.write("more of"));
      isEnded = context.signal?.aborted;
      return answer;
    },
  };
  app.get("/sold", paid(gate), (c) => c.text("the goods"));
  const answer = await (await asker(app, "serve()"))("/sold", pay);
  expect([answer.status, await answer.text(), errors, selling.charged]).toEqual([200, "the goods", [], ["one"]]);
  // A gate that could still leave it unsettled has heard of it.
  expect(isEnded).toBe(true);
});

test("what a worker writes after the error is dropped as well", async () => {
  const gate = fakeGate();
  const { app, work } = shop();
  const seen = new EventEmitter();
  const first = new Hono<Node>().use(async (_c, next) => {
    await next();
    work((response) => response.write("more of the goods"));
    seen.emit("wrote");
  });
  app.get("/sold", paid(gate), () => {
    work((response) => response.write("the goods"));
    return new Response("the goods");
  });
  first.route("/", app);
  const wrote = once(seen, "wrote");
  const answer = await (await asker(first, "serve()"))("/sold", pay);
  await wrote;
  expect([answer.status, await answer.text(), gate.charged]).toEqual([500, "sorry", []]);
});

test("middleware in front that answers with a failure on Node's response ends the sale, and its client hears that", async () => {
  const gate = fakeGate();
  const { app, errors, work } = shop();
  app.get("/sold", paid(gate), async () => {
    work((response) => response.writeHead(503).end("too late"));
    return new Response("the goods");
  });
  const answer = await (await asker(app, "serve()"))("/sold", pay);
  expect([answer.status, await answer.text(), gate.charged, errors]).toEqual([503, "too late", [], []]);
});

test("middleware in front that answers there before the handlers begin has none run", async () => {
  const selling = fakeGate();
  const { app, work } = shop();
  const gate: PaidGate = {
    handle(context, body, serve) {
      work((response) => response.writeHead(200).end("an old copy"));
      return selling.handle(context, body, serve);
    },
  };
  let runs = 0;
  app.get("/sold", paid(gate), (c) => {
    runs += 1;
    return c.text("the goods");
  });
  await (await asker(app, "serve()"))("/sold", pay).catch(() => undefined);
  expect([runs, selling.charged]).toEqual([0, []]);
});

test("middleware in front that answers with a success there never leaves its client without an answer", async () => {
  const gate = fakeGate();
  const printed = vi.spyOn(console, "error");
  onTestFinished(() => printed.mockRestore());
  const { app, work } = shop();
  const began = new EventEmitter();
  app.use((_c, next) => {
    const isTime = once(began, "work").then(() => {
      work((response) => response.end("an old copy"));
      return RESPONSE_ALREADY_SENT;
    });
    return Promise.race([next().then(() => undefined), isTime]);
  });
  app.get("/sold", paid(gate), async (c) => {
    began.emit("work");
    await new Promise((resolve) => setTimeout(resolve, 20));
    return c.text("the goods");
  });
  const answer = await (await asker(app, "serve()"))("/sold", pay);
  expect([answer.status, await answer.text(), gate.charged]).toEqual([500, "", []]);
  // Nothing more is sent.
  expect(printed).not.toHaveBeenCalled();
});

test("a handler that writes to a response which it kept from before is refused before a byte has left", async () => {
  const gate = fakeGate();
  const { app, errors, onKept } = shop();
  app.get("/sold", paid(gate), () => {
    onKept((response) => response.end("the goods"));
    return RESPONSE_ALREADY_SENT;
  });
  const answer = await (await asker(app, "serve()"))("/sold", pay);
  expect([answer.status, await answer.text(), gate.charged]).toEqual([500, "sorry", []]);
  expect(errors[0]?.message).toContain("c.env.outgoing");
});

const heads: Record<string, (response: ServerResponse) => unknown> = {
  "sets a header": (response) => response.setHeader("x-goods", "free"),
  "appends a cookie": (response) => response.appendHeader("set-cookie", "pass=free"),
  "sets a status message": (response) => {
    response.statusMessage = "free";
  },
  "sets a status": (response) => {
    response.statusCode = 299;
  },
  "writes early hints": (response) => response.writeEarlyHints({ link: "</free>; rel=preload" }),
  "writes a 102": (response) => response.writeProcessing(),
};

test.each(Object.entries(heads))(
  "a handler that %s on a response that it kept is an error, not charged",
  async (_how, change) => {
    const gate = fakeGate();
    const { app, errors, onKept } = shop();
    app.get("/sold", paid(gate), (c) => {
      onKept(change);
      return c.text("the goods");
    });
    const answer = await (await asker(app, "serve()"))("/sold", pay);
    expect([answer.status, answer.statusText, answer.headers.get("x-goods")]).toEqual([
      500,
      "Internal Server Error",
      null,
    ]);
    expect([answer.headers.getSetCookie(), gate.charged, errors.length]).toEqual([[], [], 1]);
  },
);

test("what informs a client leaves by no worker while handlers are at work, and middleware in front may set Node's headers", async () => {
  const gate = fakeGate();
  const { app, work } = shop();
  const told = vi.fn<(name: string) => void>();
  app.use(async (c, next) => {
    const { outgoing } = c.env;
    const write = outgoing.writeEarlyHints;
    outgoing.writeEarlyHints = (...given) => {
      told("hints");
      return Reflect.apply(write, outgoing, given);
    };
    await next();
  });
  app.get("/sold", paid(gate), (c) => {
    work((response) => response.writeEarlyHints({ link: "</free>; rel=preload" }));
    work((response) => response.setHeader("x-worker", "1"));
    return c.text("the goods");
  });
  const answer = await (await asker(app, "serve()"))("/sold", pay);
  expect([answer.status, await answer.text(), gate.charged, told.mock.calls]).toEqual([200, "the goods", ["one"], []]);
});
