// Payments in doubt as time goes by: what ends them, what does not, and who gets what was paid for.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { inProcessGateway } from "./testing/in-process-gateway.ts";
import { told } from "./testing/told.ts";

const running = inProcessGateway();
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** The gateway's and the ledger's clock; the stores have one of their own. */
function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1_000);
  running().clock.advance(seconds * 1_000);
}

/** A payment valid for 100 s whose settlement is unknown. */
async function inDoubt(fail: "before" | "after") {
  const { payer, controls, gateway } = running();
  const ask = await gateway();
  const made = await makePayment(payer);
  const headers = paymentHeader(made.payload);
  await controls.fault({ on: "settle", fail });
  const send = async () => {
    const response = await ask("/quote", headers);
    const body: unknown = await response.clone().json();
    const [status, error] = await told(response);
    return { status, body: { ...Object(body), ...(error !== undefined && { error }) } };
  };
  expect(await send()).toMatchObject({ status: 503, body: { error: "settlement_pending" } });
  return { ...made, send, transfers: () => controls.counts().transfers, runs: () => controls.counts().runs };
}

describe("a payment in doubt whose time is over", () => {
  test("and that was settled: its payer gets what was paid for, not a second bill", async () => {
    const { send, transfers, runs } = await inDoubt("after");
    pass(86_400);
    expect(await send()).toMatchObject({ status: 200, body: { path: "/quote" } });
    expect(await send()).toMatchObject({ status: 409 });
    expect([transfers(), runs()]).toEqual([1, 1]);
  });

  test("and that was not: in doubt until a block is later, then refused for good, and never settled again", async () => {
    const { send, transfers } = await inDoubt("before");
    pass(98);
    expect(await send()).toMatchObject({ status: 503 });
    pass(4);
    expect(await send()).toMatchObject({ status: 402, body: { error: "expired" } });
    await running().controls.reset();
    expect(await send()).toMatchObject({ status: 402, body: { error: "expired" } });
    expect(transfers()).toBe(0);
  });
});

test("what is listed of a payment in doubt is what the chain must be asked, and no signature", async () => {
  const { payer, controls, gateway, stores, config } = running();
  const made = await makePayment(payer);
  const transaction = `0x${"cd".repeat(32)}`;
  await controls.fault({ on: "settle", answer: { success: false, transaction } });
  expect((await (await gateway())("/quote", paymentHeader(made.payload))).status).toBe(503);
  const listed: unknown[] = [];
  for await (const one of stores.verifications.unresolved()) listed.push(one);
  expect(listed).toMatchObject([{ kind: "in-doubt", evidence: transaction }]);
  const { nonce, validBefore } = made.authorization;
  expect(JSON.parse(Object(listed[0]).reference)).toMatchObject({
    ...{ network: config.network, payer: payer.address.toLowerCase(), nonce, validBefore, amount: "10000" },
    payTo: config.payTo.toLowerCase(),
  });
  expect(JSON.stringify(listed)).not.toContain(made.signature.slice(2, 40));
});

test.each([
  ["another recipient", { to: "0x1111111111111111111111111111111111111111" } as const],
  ["another amount", { value: "1" }],
])("a payment in doubt whose nonce was spent on %s is refused for good: it can never pay us", async (_what, other) => {
  const { authorization, send } = await inDoubt("before");
  const { payer, ledger } = running();
  const nonce: `0x${string}` = `0x${authorization.nonce.slice(2)}`;
  const spent = await makePayment(payer, { ...other, nonce });
  const { from, to, value, validAfter, validBefore } = spent.authorization;
  const message = {
    from: payer.address,
    to: "to" in other ? other.to : running().config.payTo,
    value: BigInt(value),
    validAfter: BigInt(validAfter),
    validBefore: BigInt(validBefore),
    nonce,
  };
  expect([from, to]).toEqual([message.from, message.to]);
  await ledger.transfer(message, spent.signature);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await send()).toMatchObject({ status: 402, body: { error: "void" } });
  }
});
