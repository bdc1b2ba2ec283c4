// A gate that sells sessions: what it gives cannot be taken back, so the money moves first.
import { StoreError } from "@tollbooth-stores/core";
import { type PaidGate, sellSession, soldSessions } from "@tollbooth-stores/http";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test, vi } from "vitest";
import { ask, handler, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";

const shop = shopForEachTest();
const transfers = () => shop.controls.counts().transfers;
const upfront = { "GET /quote": { accepts: { ...oneCent, extra: { paymentFlow: "upfront" } } } };

/** A payment for the terms that the gate asks for. */
async function paying(gate: ReturnType<typeof shop.gate>, headers: Record<string, string> = {}) {
  const [accepted] = required(await ask(gate, handler(), requestTo("/quote"))).accepts;
  const { payload } = await makePayment(await shop.controls.payer());
  return requestTo("/quote", { ...headers, ...paymentHeader({ ...payload, accepted }) });
}

const secret = "a secret of at least thirty-two characters";
const collector = () => "mine";
const pass = () => ({ sessions: shop.stores.sessions, secret, bearer: true }) as const;
const keeping = () => ({ answers: soldSessions(pass()), collector });
const settlingFirst = () => shop.gate(undefined, { ...keeping(), order: "settle-then-serve" });
const serving = (gate: PaidGate, more = {}) =>
  handler(sellSession({ ...pass(), gate, grant: { extendMs: "1h" }, data: () => ({}), ...more }));

describe("sellSession", () => {
  test("behind a gate that serves first is STORE_CONFIG: nothing is given and nothing charged", async () => {
    const gate = shop.gate(undefined, keeping());
    const selling = ask(gate, serving(gate), await paying(gate));
    await expect(selling).rejects.toMatchObject({ code: "STORE_CONFIG" });
    expect(transfers()).toBe(0);
  });

  test.each<[string, typeof upfront | undefined, Partial<PaidRoutesOptions>]>([
    ["settles first", undefined, { order: "settle-then-serve" }],
    ["sells an upfront route", upfront, {}],
  ])("behind a gate that %s sells one", async (_, routes, options) => {
    const gate = shop.gate(routes, { ...keeping(), ...options });
    const serve = serving(gate);
    const sold = await ask(gate, serve, await paying(gate));
    expect([sold?.status, Object.keys(JSON.parse(sold?.text ?? ""))]).toEqual([
      201,
      ["session", "expiresAt", "quotas"],
    ]);
    expect(serve.mock.calls[0]?.[0]).toMatchObject({ settled: true });
    expect(transfers()).toBe(1);
  });

  test.each<[string, () => Partial<PaidRoutesOptions>, string]>([
    ["keeps no answers", () => ({ answers: false }), "soldSessions"],
    ["keeps answers, tokens among them", () => ({}), "soldSessions"],
    ["has another secret", () => ({ answers: soldSessions({ ...pass(), secret: "t".repeat(32) }) }), "same secret"],
    [
      "tells a cookie",
      () => ({ answers: soldSessions({ sessions: shop.stores.sessions, secret }) }),
      "same cookie or bearer",
    ],
  ])("behind a gate that %s is STORE_CONFIG when it is made", (_, options, words) => {
    const gate = shop.gate(upfront, { collector, ...options() });
    expect(() => serving(gate)).toThrow(
      expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining(words) }),
    );
  });

  test("of a gate without a collector is STORE_CONFIG when the gate is made", () => {
    expect(() => shop.gate(upfront, { ...keeping(), collector: undefined })).toThrow(
      expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining("collector") }),
    );
  });
});

const broken = () => {
  throw new TypeError("Broken.");
};
const presentsOne = async () => {
  const { record } = await shop.stores.sessions.create({ data: {}, idleTtlMs: 60_000 });
  return { authorization: `Bearer ${record.id}` };
};
test.each<[string, object, () => Promise<Record<string, string>>, string]>([
  ["data that opens does not take", { opens: () => false }, async () => ({}), "opens does not take"],
  ["an opens that returns a promise", { opens: async () => true }, async () => ({}), "opens must return"],
  ["a data that throws", { data: broken }, async () => ({}), "Broken."],
  ["data that is too large for the store", { data: () => "x".repeat(1_000_000) }, async () => ({}), "grant and data"],
  ["a prolongs that throws", { prolongs: broken }, presentsOne, "Broken."],
  ["a prolongs that returns a promise", { prolongs: async () => true }, presentsOne, "prolongs must return"],
])("%s: refused before anything is charged, whatever the order", async (_what, wrong, presents, words) => {
  for (const order of ["serve-then-settle", "settle-then-serve"] as const) {
    const gate = shop.gate(undefined, { ...keeping(), order });
    const paid = await paying(gate, await presents());
    await expect(ask(gate, serving(gate, wrong), paid)).rejects.toThrow(words);
    expect(transfers()).toBe(0);
    // The payment is as good as before, once that is mended.
    const mended = settlingFirst();
    if (order === "settle-then-serve") expect(await ask(mended, serving(mended), paid)).toMatchObject({ status: 201 });
  }
});

test("a store of sessions that is away: 503 before anything is charged", async () => {
  const away = new StoreError("STORE_UNAVAILABLE", "Away.", { outcome: "not-applied" });
  const sessions = { ...shop.stores.sessions };
  const answers = soldSessions({ ...pass(), sessions });
  const gate = shop.gate(upfront, { collector, answers });
  const serve = serving(gate, { sessions });
  const request = await paying(gate);
  const create = vi.spyOn(sessions, "create").mockRejectedValueOnce(away);
  expect(await ask(gate, serve, request)).toMatchObject({ status: 503, error: "store_unavailable" });
  expect(transfers()).toBe(0);
  for (const each of [request, await paying(gate)]) expect(await ask(gate, serve, each)).toMatchObject({ status: 201 });
  // One on trial, for all payments, and nothing is left of it.
  expect(create).toHaveBeenCalledTimes(2);
  const { record } = await Object(create.mock.results[1]).value;
  expect(await sessions.get(record.id)).toBeNull();
});

test("data that is too large for the store, of a later payment too: refused before anything is charged", async () => {
  const gate = settlingFirst();
  let user = "ann";
  const serve = serving(gate, { data: () => ({ user }) });
  expect(await ask(gate, serve, await paying(gate))).toMatchObject({ status: 201 });
  user = "x".repeat(3_000_000);
  await expect(ask(gate, serve, await paying(gate))).rejects.toMatchObject({ code: "STORE_CONFIG" });
  expect(transfers()).toBe(1);
});

test("a gate that reads sold sessions from another store: refused before anything is charged", async () => {
  const answers = soldSessions({ ...pass(), sessions: createMemoryStores().sessions });
  const gate = shop.gate(upfront, { collector, answers });
  await expect(ask(gate, serving(gate), await paying(gate))).rejects.toThrow("the same sessions");
  expect(transfers()).toBe(0);
});

test("of two sellers behind one gate, one that can sell does", async () => {
  const gate = settlingFirst();
  serving(gate, { data: broken });
  expect(await ask(gate, serving(gate), await paying(gate))).toMatchObject({ status: 201 });
});

test("a sale of sessions behind middleware that has rotated one is refused before anything is charged", async () => {
  const gate = shop.gate(upfront, keeping());
  const request = await paying(gate);
  const sessionMoves = new Map([["old", "new"]]);
  const serve = serving(gate);
  await expect(ask(gate, serve, { ...request, sessionMoves })).rejects.toThrow("rotate on other routes");
  expect(transfers()).toBe(0);
  // The payment is as good as before. Once it is paid, a rotate does not keep its answer back.
  expect(await ask(gate, serve, request)).toMatchObject({ status: 201 });
  expect(await ask(gate, serve, { ...request, sessionMoves })).toMatchObject({ status: 200 });
  expect(transfers()).toBe(1);
});

test("a handler that is served before the settlement is told so", async () => {
  const gate = shop.gate();
  const serve = handler();
  expect(await ask(gate, serve, await paying(gate))).toMatchObject({ status: 200 });
  expect(serve.mock.calls[0]?.[0]).toMatchObject({ settled: false });
});
