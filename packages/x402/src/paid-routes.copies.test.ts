// A gate on one copy of the SDK, given the server, the client and so the errors of another one, older or newer, and the bytes of
// another realm: nothing goes by `instanceof`. An application has several where @x402/next and @x402/core are of two versions, or one of them is CommonJS.
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import * as own from "@x402/core/server";
import type { SchemeNetworkServer } from "@x402/core/types";
import * as ownErrors from "@x402/core/types";
import { afterEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import type { x402ResourceServer as OtherServer } from "x402-core-2.25/server";
import { ask, handler, network, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";
import type { paidRoutes } from "./paid-routes.ts";

const shop = shopForEachTest();
afterEach(() => void vi.restoreAllMocks());

const quote = async () => requestTo("/quote", paymentHeader((await makePayment(await shop.controls.payer())).payload));
const counts = () => shop.controls.counts();
const require = createRequire(import.meta.url);

/** One call of the facilitator does what it is asked, or nothing, and answers this. */
function answersOnce(step: "verify" | "settle", status: number, answer: object, { works = true } = {}): void {
  const send = globalThis.fetch;
  const sent = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    if (!String(input).endsWith(`/${step}`)) return send(input, init);
    sent.mockRestore();
    if (works) await send(input, init);
    return Response.json(answer, { status });
  });
}

/** By `require`, which no lane of these tests leads to its own version: the classes are never those that the gate imports. */
describe.each(["@x402/core", "x402-core-2.25"])("the server of another copy, %s as CommonJS,", (name) => {
  const core: typeof own = require(`${name}/server`);
  const errors: typeof ownErrors = require(`${name}/types`);
  const { ExactEvmScheme } = require("@x402/evm/exact/server");
  const opened = (scheme: SchemeNetworkServer = new ExactEvmScheme()) => {
    const client = new core.HTTPFacilitatorClient({ url: shop.facilitator.url });
    return new core.x402ResourceServer(client).register(network, scheme);
  };

  test("is of classes that the gate's copy does not know", () => {
    expect(opened()).not.toBeInstanceOf(own.x402ResourceServer);
    expect(errors.SettleError).not.toBe(ownErrors.SettleError);
    expect(errors.VerifyError).not.toBe(ownErrors.VerifyError);
  });

  test("sells, once, with a receipt", async () => {
    const gate = shop.gate(undefined, { collector: () => "mine" }, opened());
    const [serve, request] = [handler(), await quote()];
    expect(required(await ask(gate, serve, requestTo("/quote"))).accepts).toHaveLength(1);
    const answers = await Promise.all([1, 2, 3].map(() => ask(gate, serve, request)));
    expect(new Set(answers.map((answer) => `${answer?.status} ${answer?.text}`))).toEqual(new Set(['200 {"quote":1}']));
    expect(answers.map((answer) => answer?.headers["payment-response"])).not.toContain(undefined);
    expect(counts()).toMatchObject({ verifies: 1, transfers: 1 });
  });

  test("rejects by its own VerifyError: 402 with the facilitator's reason, and 503 where it judged nothing", async () => {
    const gate = shop.gate(undefined, {}, opened());
    const [serve, request] = [handler(), await quote()];
    answersOnce("verify", 400, { isValid: false, invalidReason: "insufficient_funds" });
    const refused = await ask(gate, serve, request);
    expect([refused?.status, required(refused).error]).toEqual([402, "insufficient_funds"]);
    answersOnce("verify", 502, { isValid: false, invalidReason: "unexpected_error" });
    expect(await ask(gate, serve, await quote())).toMatchObject({ status: 503 });
    expect([serve.mock.calls.length, counts().transfers]).toEqual([0, 0]);
  });

  test("fails to settle by its own SettleError: in doubt, then one answer for the transfer that was made", async () => {
    const findSettlement = vi.fn(shop.findSettlement).mockResolvedValueOnce("unknown");
    const gate = shop.gate(undefined, { findSettlement }, opened());
    const [serve, request] = [handler(), await quote()];
    answersOnce("settle", 400, { success: false, errorReason: "something_else", transaction: "", network });
    expect(await ask(gate, serve, request)).toMatchObject({ status: 503, error: "settlement_pending" });
    shop.clock.advance(1_000);
    expect(await ask(gate, serve, request)).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect([serve.mock.calls.length, counts().transfers]).toEqual([1, 1]);
  });

  test("is refused a settlement by its own SettleError with a reason that proves that nothing moved: 402", async () => {
    const gate = shop.gate(undefined, {}, opened());
    const errorReason = "invalid_exact_evm_insufficient_balance";
    answersOnce("settle", 400, { success: false, errorReason, transaction: "", network }, { works: false });
    const refused = await ask(gate, handler(), await quote());
    expect([refused?.status, required(refused).error]).toEqual([402, errorReason]);
  });

  test("that a facilitator cannot serve throws its own FacilitatorCapabilityError: passed on, not 503 for ever", async () => {
    const scheme = Object.assign(new ExactEvmScheme(), { validateFacilitatorSupport: () => "It has no gas." });
    const gate = shop.gate(undefined, {}, opened(scheme));
    await expect(ask(gate, handler(), requestTo("/quote"))).rejects.toThrow("It has no gas.");
  });
});

test("the server of another copy type-checks as one of the gate's own does, and an object that is none does not", () => {
  type Server = Parameters<typeof paidRoutes>[0];
  expectTypeOf<OtherServer>().not.toExtend<own.x402ResourceServer>();
  expectTypeOf<OtherServer>().toExtend<Server>();
  expectTypeOf<own.x402ResourceServer>().toExtend<Server>();
  expectTypeOf<own.x402HTTPResourceServer>().not.toExtend<Server>();
});

test("bytes of another realm, of a request and of an answer, are taken as bytes", async () => {
  const bytesOf: (codes: Iterable<number>) => Uint8Array = runInNewContext("(codes) => Uint8Array.from(codes)");
  const body = bytesOf([0, 255, 254]);
  expect(body).not.toBeInstanceOf(Uint8Array);
  const gate = shop.gate({ "POST /quote": { accepts: oneCent } }, { collector: () => "mine" });
  const headers = paymentHeader((await makePayment(await shop.controls.payer())).payload);
  const request = requestTo("/quote", headers, { method: "POST" });
  const serve = handler({ body });
  for (const asked of [body, Uint8Array.from(body)]) {
    const sold = await ask(gate, serve, request, asked);
    expect([sold?.status, [...(sold?.body ?? [])]]).toEqual([200, [0, 255, 254]]);
  }
  expect((await ask(gate, serve, request, bytesOf([1])))?.status).toBe(409);
  expect([serve.mock.calls.length, counts().transfers]).toEqual([1, 1]);
});
