// Middleware in front of paid() that answers while a sale is under way: the payer is not charged for what it does not get.

import type { Answer, PaidGate } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores, payOnce } from "@tollbooth-stores/memory";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";

const steps = ["front", "verify", "serve", "settle"] as const;

function event(): [Promise<void>, () => void] {
  let tell = () => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return [told, () => tell()];
}

/** A site whose first request is answered in front of paid() when it is at `step`, which goes on after that. */
function site(step: (typeof steps)[number], answer: () => Response) {
  const { verifications: store } = createMemoryStores();
  const transfers: string[] = [];
  const runs: string[] = [];
  const ends: Promise<unknown>[] = [];
  const [reached, reach] = event();
  const [wentOn, goOn] = event();
  const at = async (name: string) => {
    runs.push(name);
    if (name !== step) return;
    reach();
    await wentOn;
  };
  const gate: PaidGate = {
    async handle({ signal }, _body, serve) {
      const payment = { key: "one", payloadHash: "one", fingerprint: "one", validUntilMs: Date.now() + 60_000 };
      const paying = payOnce<Answer>(
        store,
        payment,
        {
          verify: async () => {
            await at("verify");
            return { ok: true };
          },
          serve: ({ signal, fence }) => serve({ key: "one", signal, fence }),
          settle: async () => {
            await at("settle");
            transfers.push("one");
            return { ok: true, receipt: "0x1" };
          },
          findSettlement: async () => "unknown",
        },
        { signal },
      );
      ends.push(paying.catch(() => undefined));
      const told = await paying;
      if (told.status !== "paid" || !told.fresh) return { status: 409, headers: {}, body: new Uint8Array() };
      return told.result;
    },
  };
  let errors = 0;
  const app = new Hono().onError((_error, c) => {
    errors += 1;
    return c.text("too late", 504);
  });
  app.use(async (c, next) => {
    c.res.headers.set("x-front", "front");
    await next();
  });
  // As timeout() of Hono does.
  let isFirst = true;
  app.use((_c, next) => {
    const passed = next();
    ends.push(passed.catch(() => undefined));
    if (!isFirst) return passed;
    isFirst = false;
    return Promise.race([passed, reached.then(answer)]);
  });
  app.use(async (_c, next) => {
    await at("front");
    await next();
  });
  app.get("/sold", paid(gate), async (c) => {
    await at("serve");
    return c.text("the goods", 200, { "set-cookie": "own=1" });
  });
  const finish = async () => {
    goOn();
    await Promise.all(ends);
  };
  return { app, transfers, runs, errors: () => errors, finish };
}

const answers: Record<string, { status: number; text: string; answer: () => Response }> = {
  "throws, as timeout() does": {
    status: 504,
    text: "too late",
    answer() {
      throw new HTTPException(504);
    },
  },
  "answers itself": { status: 200, text: "an old copy", answer: () => new Response("an old copy") },
};
const cases = steps.flatMap((step) => Object.keys(answers).map((way) => [way, step] as const));

test.each(cases)(
  "where middleware in front %s during %s, the payer who asks again is served for one transfer",
  async (way, step) => {
    const { status, text, answer } = answers[way] ?? { status: 0, text: "", answer: () => new Response() };
    const { app, transfers, runs, errors, finish } = site(step, answer);
    const cut = await app.request("/sold");
    expect([cut.status, await cut.text(), cut.headers.get("x-front")]).toEqual([status, text, "front"]);
    expect(cut.headers.getSetCookie()).toEqual([]);
    await finish();
    expect([transfers.length, errors()]).toEqual([step === "settle" ? 1 : 0, status === 504 ? 1 : 0]);
    expect(runs.includes("serve")).toBe(step === "serve" || step === "settle");
    const again = await app.request("/sold");
    expect([again.status, await again.text(), transfers]).toEqual([200, "the goods", ["one"]]);
  },
);

test("where middleware in front has answered before it hands on, nothing is asked, and no handler runs", async () => {
  const gate = fakeGate();
  let runs = 0;
  const app = new Hono().use(async (c, next) => {
    c.res = new Response("an old copy");
    await next();
  });
  app.get("/sold", paid(gate), (c) => {
    runs += 1;
    return c.text("the goods");
  });
  const answer = await app.request("/sold", { headers: { payment: "one" } });
  expect([await answer.text(), gate.asked, runs]).toEqual(["an old copy", [], 0]);
});
