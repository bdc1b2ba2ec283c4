// What is sold can be sent: answers that Node refuses to send as they were made, and what stays of them.
import type { PaidGate } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { Express } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import type { Handler } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

async function shop(handler: Handler, front: Handler = (_request, _response, next) => next(), strict = false) {
  const gate = fakeGate();
  const setUp = (app: Express) => {
    app.use(front);
    app.get("/sold", paid(gate), handler);
  };
  return { app: await listen(setUp, { rejectNonStandardBodyWrites: strict }), gate };
}

const announcing: Handler = (_request, response, next) => {
  response.setHeader("trailer", "x-checksum");
  next();
};

test.each(["the handler", "middleware in front"])(
  "an answer for which %s announces a trailer is sent without it",
  async (who) => {
    const { app, gate } = await shop(
      (request, response) => {
        if (who === "the handler") announcing(request, response, () => undefined);
        response.write("made");
        response.addTrailers({ "x-checksum": "1" });
        response.end();
      },
      who === "the handler" ? undefined : announcing,
    );
    for (let round = 0; round < 2; round += 1) {
      const answer = await app("/sold", { headers: { payment: "one" } });
      expect([answer.status, await answer.text(), answer.headers.get("trailer")]).toEqual([200, "made", null]);
    }
    expect(gate.charged).toEqual(["one"]);
  },
);

test.each([200, 204, 304])(
  "%i without bytes is sent by a server that refuses bytes where none may be",
  async (status) => {
    const { app, gate } = await shop((_request, response) => response.status(status).end(), undefined, true);
    expect((await app("/sold", { method: "HEAD" })).status).toBe(402);
    const answer = await app("/sold", { headers: { payment: "one" } });
    expect([answer.status, await answer.text(), gate.charged]).toEqual([status, "", ["one"]]);
  },
);

test("cookies of middleware in front are sent once, and the gate sees those of the handler", async () => {
  const { app, gate } = await shop(
    (_request, response) => response.cookie("made", "1").send("made"),
    (_request, response, next) => {
      response.cookie("visitor", "7");
      next();
    },
  );
  const { handle } = gate;
  const seen: unknown[] = [];
  gate.handle = (context, body, serve) =>
    handle(context, body, async (payment) => {
      const answer = await serve(payment);
      seen.push(answer.headers["set-cookie"]);
      return answer;
    });
  const told = async () => (await app("/sold", { headers: { payment: "one" } })).headers.getSetCookie();
  expect(await told()).toEqual(["visitor=7; Path=/", "made=1; Path=/"]);
  expect(await told()).toEqual(["visitor=7; Path=/"]);
  expect(seen).toEqual(["made=1; Path=/"]);
});

test("a chunk that is none is an error of the handler's, and error handlers answer", async () => {
  const { app, gate } = await shop((_request, response) => Reflect.apply(response.write, response, [5]));
  expect((await app("/sold", { headers: { payment: "one" } })).status).toBe(500);
  expect(gate.charged).toEqual([]);
});

test("the cookies of a run are not put onto another answer, which the gate tells in its place", async () => {
  const other = { status: 200, headers: { "set-cookie": "pass=other" }, body: new Uint8Array() };
  const gate: PaidGate = {
    async handle(_context, _body, serve) {
      await serve({ key: "one", fence: "1", signal: new AbortController().signal });
      return other;
    },
  };
  const app = await listen((express) => {
    express.get("/sold", paid(gate), (_request, response) => response.cookie("pass", "mine").send("made"));
  });
  expect((await app("/sold")).headers.getSetCookie()).toEqual(["pass=other"]);
});
