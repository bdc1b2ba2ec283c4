// A gate that sells sessions: what it gives cannot be taken back, so the money moves first.
import { sellSession, soldSessions } from "@tollbooth-stores/http";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { ask, handler, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";

const shop = shopForEachTest();
const transfers = () => shop.controls.counts().transfers;
const upfront = { "GET /quote": { accepts: { ...oneCent, extra: { paymentFlow: "upfront" } } } };

/** A payment for the terms that the gate asks for. */
async function paying(gate: ReturnType<typeof shop.gate>) {
  const [accepted] = required(await ask(gate, handler(), requestTo("/quote"))).accepts;
  const { payload } = await makePayment(await shop.controls.payer());
  return requestTo("/quote", paymentHeader({ ...payload, accepted }));
}

const secret = "a secret of at least thirty-two characters";
const serving = () =>
  handler(
    sellSession({ sessions: shop.stores.sessions, secret, bearer: true, grant: { extendMs: "1h" }, data: () => ({}) }),
  );

describe("sellSession", () => {
  test("behind a gate that serves first is STORE_CONFIG: nothing is given and nothing charged", async () => {
    const gate = shop.gate();
    const selling = ask(gate, serving(), await paying(gate));
    await expect(selling).rejects.toMatchObject({ code: "STORE_CONFIG" });
    expect(transfers()).toBe(0);
  });

  test.each<[string, typeof upfront | undefined, Partial<PaidRoutesOptions>]>([
    ["settles first", undefined, { order: "settle-then-serve" }],
    ["sells an upfront route", upfront, {}],
  ])("behind a gate that %s sells one", async (_, routes, options) => {
    const gate = shop.gate(routes, {
      answers: soldSessions({ sessions: shop.stores.sessions, secret, bearer: true }),
      ...options,
    });
    const serve = serving();
    const sold = await ask(gate, serve, await paying(gate));
    expect([sold?.status, Object.keys(JSON.parse(sold?.text ?? ""))]).toEqual([
      201,
      ["session", "expiresAt", "quotas"],
    ]);
    expect(serve.mock.calls[0]?.[0]).toMatchObject({ settled: true });
    expect(transfers()).toBe(1);
  });
});

test("a sale of sessions behind middleware that has rotated one is refused before anything is charged", async () => {
  const gate = shop.gate(upfront, {
    answers: soldSessions({ sessions: shop.stores.sessions, secret, bearer: true }),
  });
  const request = await paying(gate);
  const sessionMoves = new Map([["old", "new"]]);
  await expect(ask(gate, serving(), { ...request, sessionMoves })).rejects.toThrow("rotate on other routes");
  expect(transfers()).toBe(0);
  // The payment is as good as before. Once it is paid, a rotate does not keep its answer back.
  expect(await ask(gate, serving(), request)).toMatchObject({ status: 201 });
  expect(await ask(gate, serving(), { ...request, sessionMoves })).toMatchObject({ status: 409 });
  expect(transfers()).toBe(1);
});

test("a handler that is served before the settlement is told so", async () => {
  const gate = shop.gate();
  const serve = handler();
  expect(await ask(gate, serve, await paying(gate))).toMatchObject({ status: 200 });
  expect(serve.mock.calls[0]?.[0]).toMatchObject({ settled: false });
});
