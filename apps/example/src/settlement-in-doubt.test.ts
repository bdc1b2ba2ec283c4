// A facilitator that hangs, fails or loses its reply: 503 until the chain tells, never 402, never a second transfer.
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { describe, expect, test } from "vitest";
import { testSystem } from "./testing/test-system.ts";
import { told } from "./testing/told.ts";

/** How long the gateway waits for the facilitator here, in milliseconds. */
const patience = 2_000;
const system = testSystem(testConfig.replace(/(FACILITATOR_URL}", timeout:) 5s/, `$1 ${patience}ms`));

async function payment() {
  const { payload, authorization } = await makePayment(await system.payer());
  const headers = paymentHeader(payload);
  return {
    ask: (path = "/quote") => fetch(system.url(path), { headers }),
    transfers: () => system.logged("ledger", "transfer").filter(({ from }) => from === authorization.from),
  };
}

/** Asks until the doubt is over; every answer on the way must say 503 and when to come back. */
async function askUntilKnown(ask: () => Promise<Response>): Promise<Response> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const response = await ask();
    if (response.status !== 503) return response;
    expect(await response.json()).toMatchObject({ error: "settlement_pending" });
    expect(response.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    // It is asked about once a second.
    await pause(100);
  }
  throw new Error("The doubt did not end.");
}

describe("a settlement in doubt", () => {
  test("hangs, then succeeds: 503, then the answer that was paid for, from one run and one transfer", async () => {
    const { ask, transfers } = await payment();
    const { runs } = system.counts();
    await system.fault({ on: "settle", delayMs: patience + 800, times: 1 });
    const first = await ask();
    expect(first.status).toBe(503);
    expect(await first.json()).toMatchObject({ error: "settlement_pending" });

    const known = await askUntilKnown(ask);
    expect(known.status).toBe(200);
    expect(await known.json()).toMatchObject({ path: "/quote" });
    const [transfer, ...more] = transfers();
    expect(more).toEqual([]);
    const receipt = decodePaymentResponseHeader(known.headers.get("payment-response") ?? "");
    expect(receipt.transaction).toBe(transfer?.transaction);
    expect(system.counts().runs).toBe(runs + 1);
    expect((await ask()).status).toBe(409);
  });

  test("succeeds but loses its reply: the chain is asked, and no payer pays twice", async () => {
    const { ask, transfers } = await payment();
    const { runs } = system.counts();
    await system.fault({ on: "settle", fail: "after", times: 1 });
    expect((await ask()).status).toBe(503);
    expect(transfers()).toHaveLength(1);
    const known = await askUntilKnown(ask);
    expect(known.status).toBe(200);
    expect(transfers()).toHaveLength(1);
    expect(system.counts().runs).toBe(runs + 1);
  });

  test("fails before the transfer: the same authorization settles at the next attempt", async () => {
    const { ask, transfers } = await payment();
    await system.fault({ on: "settle", fail: "before", times: 1 });
    expect((await ask()).status).toBe(503);
    expect(transfers()).toHaveLength(0);
    expect((await askUntilKnown(ask)).status).toBe(200);
    expect(transfers()).toHaveLength(1);
  });

  test("stays in doubt, and never becomes 402, while neither facilitator nor chain answers", async () => {
    const { ask, transfers } = await payment();
    await system.fault({ on: "settle", fail: "after" });
    await system.fault({ on: "lookup", fail: "before" });
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await ask()).status).toBe(503);
    await fetch(`${system.running().ledger.url}/admin/faults`, { method: "DELETE" });
    expect((await askUntilKnown(ask)).status).toBe(200);
    expect(transfers()).toHaveLength(1);
  });

  test("lets one of many callers have the answer when the doubt ends", async () => {
    const { ask, transfers } = await payment();
    const { runs } = system.counts();
    await system.fault({ on: "settle", fail: "after", times: 1 });
    expect((await ask()).status).toBe(503);
    const answers = await Promise.all(Array.from({ length: 10 }, ask.bind(undefined, "/quote")));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array<number>(9).fill(409)]);
    expect(transfers()).toHaveLength(1);
    expect(system.counts().runs).toBe(runs + 1);
  });

  test("of an answer too large to be kept: it is made again, and paid for once", async () => {
    const { ask, transfers } = await payment();
    const { runs } = system.counts();
    await system.upstream({ padding: 100_000 });
    await system.fault({ on: "settle", fail: "after", times: 1 });
    expect((await ask()).status).toBe(503);
    // While it cannot be made the buyer is not told that all is over.
    await system.upstream({ fail: true });
    expect((await ask()).status).toBe(503);
    await system.upstream({ padding: 100_000 });
    const known = await askUntilKnown(ask);
    expect(known.status).toBe(200);
    expect(Object(await known.json()).padding).toHaveLength(100_000);
    expect(transfers()).toHaveLength(1);
    expect(system.counts().runs).toBe(runs + 3);
    expect((await ask()).status).toBe(409);
  });

  test.each([
    ["valid for longer", { validBefore: String(Math.floor(Date.now() / 1_000) + 110) }],
    ["valid from another moment", { validAfter: "1" }],
  ])("is not ended by settling another authorization of the same nonce, one %s", async (_what, other) => {
    const payer = await system.payer();
    const nonce = `0x${randomBytes(32).toString("hex")}` as const;
    const [one, another] = [await makePayment(payer, { nonce }), await makePayment(payer, { nonce, ...other })];
    const ask = ({ payload }: typeof one) => fetch(system.url("/quote"), { headers: paymentHeader(payload) });
    await system.fault({ on: "settle", fail: "before", times: 1 });
    expect((await ask(one)).status).toBe(503);
    const settles = () => system.logged("facilitator", "settle").length;
    const before = settles();
    expect((await ask(another)).status).toBe(503);
    expect(settles()).toBe(before);
    expect((await askUntilKnown(() => ask(one))).status).toBe(200);
    expect((await ask(another)).status).toBe(409);
    expect(system.logged("ledger", "transfer").filter(({ from }) => from === payer.address)).toHaveLength(1);
  });

  test("is none where the facilitator refuses for a reason that proves it: 402, asked once, and not again a moment later", async () => {
    const { ask, transfers } = await payment();
    const settles = () => system.logged("facilitator", "settle").length;
    const before = settles();
    const answer = { success: false, transaction: "", network: "eip155:84532" };
    const errorReason = "invalid_exact_evm_insufficient_balance";
    await system.fault({ on: "settle", fail: "before", answer: { ...answer, errorReason }, times: 1 });
    const refused = await ask();
    expect(await told(refused)).toEqual([402, errorReason]);
    expect([402, 503]).toContain((await ask()).status);
    expect(settles()).toBe(before + 1);
    expect(transfers()).toHaveLength(0);
  });

  test("of a session: the buyer gets what was bought, once", async () => {
    const { ask, transfers } = await payment();
    await system.fault({ on: "settle", fail: "after", times: 1 });
    expect((await ask("/search")).status).toBe(503);
    const known = await askUntilKnown(() => ask("/search"));
    expect(known.status).toBe(201);
    expect(await known.json()).toMatchObject({ quotas: { calls: "3" } });
    expect((await ask("/search")).status).toBe(409);
    expect(transfers()).toHaveLength(1);
  });
});

describe("a facilitator that cannot verify", () => {
  test("is answered with 503; the same payment is taken once it can", async () => {
    const { ask, transfers } = await payment();
    const { runs } = system.counts();
    await system.fault({ on: "verify", fail: "before", times: 1 });
    const first = await ask();
    expect(first.status).toBe(503);
    expect(await first.json()).toMatchObject({ error: "facilitator_unavailable" });
    expect(first.headers.get("retry-after")).toBe("1");
    expect(transfers()).toHaveLength(0);
    expect(system.counts().runs).toBe(runs);
    expect((await ask()).status).toBe(200);
    expect(transfers()).toHaveLength(1);
  });

  test("is waited for no longer than its time", async () => {
    const { ask } = await payment();
    await system.fault({ on: "verify", delayMs: patience + 800, times: 1 });
    expect((await ask()).status).toBe(503);
  });
});
