// Limits are for new work: a payment that is under way is never refused for being sent again, as its payer was told to.
import { StoreError, type Stores } from "@tollbooth-stores/core";
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import type { SessionData } from "./app.ts";
import { type Ask, inProcessGateway } from "./testing/in-process-gateway.ts";

const running = inProcessGateway(
  testConfig
    .replace("perIp: { limit: 100000, window: 1m }", "perIp: { limit: 5, window: 1h }")
    .replace("perPayer: { limit: 1000, window: 1m }", "perPayer: { limit: 1, window: 1h }"),
);
const payment = async () => paymentHeader((await makePayment(running().payer)).payload);

async function useUpAddress(ask: Ask): Promise<void> {
  for (let left = 5; left > 0; left -= 1) await ask("/quote");
  expect((await ask("/quote")).status).toBe(429);
}

test("a payment in doubt gets its content though the limits of its address and of its payer are used up", async () => {
  const { controls, gateway } = running();
  const ask = await gateway();
  const headers = await payment();
  await controls.fault({ on: "settle", fail: "after", times: 1 });
  expect((await ask("/quote", headers)).status).toBe(503);
  // The payer's one is taken by this payment itself.
  expect((await ask("/quote", await payment())).status).toBe(429);
  await useUpAddress(ask);
  expect((await ask("/quote", await payment())).status).toBe(429);

  const known = await ask("/quote", headers);
  expect(known.status).toBe(200);
  expect(await known.json()).toMatchObject({ path: "/quote" });
  expect(known.headers.get("retry-after")).toBeNull();
  expect(controls.counts()).toMatchObject({ runs: 1, transfers: 1 });
  // It is over now, and the limit holds again.
  expect((await ask("/quote", headers)).status).toBe(429);
});

test("so does one whose verification was forgotten, and is asked for again", async () => {
  const { clock, controls, gateway, stores } = running();
  const { verifications } = stores;
  const forgetful: Stores<SessionData> = {
    ...stores,
    verifications: {
      ...verifications,
      complete: async () => {
        throw new StoreError("STORE_UNAVAILABLE", "away");
      },
    },
  };
  const headers = await payment();
  await controls.fault({ on: "settle", fail: "before", times: 1 });
  expect((await (await gateway(forgetful))("/quote", headers)).status).toBe(503);
  clock.advance(60_000);
  const ask = await gateway();
  expect((await ask("/quote", await payment())).status).toBe(429);
  const { verifies } = controls.counts();
  expect((await ask("/quote", headers)).status).toBe(200);
  expect(controls.counts()).toMatchObject({ verifies: verifies + 1, transfers: 1 });
});

test("one that was delivered, and perhaps not heard of, is handed out again to its collector", async () => {
  const { controls, gateway } = running();
  const ask = await gateway();
  const headers = { ...(await payment()), "idempotency-key": "mine" };
  const heard: unknown = await (await ask("/quote", headers)).json();
  await useUpAddress(ask);
  const again = await ask("/quote", headers);
  expect([again.status, await again.json()]).toEqual([200, heard]);
  expect((await ask("/quote", { ...headers, "idempotency-key": "yours" })).status).toBe(409);
  expect(controls.counts()).toMatchObject({ runs: 1, transfers: 1 });
});

test("delivered payments are no door past the limit by address either, however many somebody can name", async () => {
  const { gateway, stores } = running();
  const { verifications } = stores;
  const all = await Promise.all(Array.from({ length: 6 }, payment));
  const delivered: typeof verifications.peek = async () => ({ status: "delivered", receipt: "0x" });
  const ask = await gateway({ ...stores, verifications: { ...verifications, peek: delivered } });
  for (let left = 5; left > 0; left -= 1) await ask("/quote");
  const statuses: number[] = [];
  for (let time = 0; time < 36; time += 1) {
    const answer = await ask("/quote", { ...all[time % 6], "idempotency-key": "mine" });
    statuses.push(answer.status);
    if (answer.status === 429) expect(String(Object(await answer.json()).message)).not.toContain("charged");
  }
  expect(statuses.indexOf(429)).toBe(30);
  expect(new Set(statuses.slice(30))).toEqual(new Set([429]));
});

test("nobody is told that nothing was charged for a payment that was, whatever refuses it", async () => {
  const { gateway, controls } = running();
  const ask = await gateway();
  const headers = await payment();
  expect((await ask("/quote", headers)).status).toBe(200);
  const told = async () => String(Object(await (await ask("/quote", headers)).json()).message);
  expect(await told()).toContain("It is not charged again");
  await useUpAddress(ask);
  expect(await told()).toBe(
    "Too many requests. This payment was used before; send it again later, and sign no new one.",
  );
  expect(controls.counts()).toMatchObject({ transfers: 1 });
});

test("one payment under way is no door past the limit by address: too often is 503, and never 429", async () => {
  const { clock, controls, gateway } = running();
  const ask = await gateway();
  const headers = await payment();
  await controls.fault({ on: "settle", fail: "after", times: 1 });
  await controls.fault({ on: "lookup", fail: "before" });
  expect((await ask("/quote", headers)).status).toBe(503);
  await useUpAddress(ask);
  const words: string[] = [];
  for (let time = 0; time < 40; time += 1) {
    const answer = await ask("/quote", headers);
    expect(answer.status).toBe(503);
    words.push(`${Object(await answer.json()).error} ${answer.headers.get("retry-after")}`);
  }
  expect(words.slice(30)).toEqual(Array(10).fill("settlement_pending 10"));
  await controls.reset();
  clock.advance(10_000);
  expect((await ask("/quote", headers)).status).toBe(200);
});

test("a nonce that the store knows opens nothing to somebody else's signature", async () => {
  const { controls, gateway, payer } = running();
  const ask = await gateway();
  const made = await makePayment(payer);
  await controls.fault({ on: "settle", fail: "after", times: 1 });
  expect((await ask("/quote", paymentHeader(made.payload))).status).toBe(503);
  await useUpAddress(ask);
  const forger = await makePayment(await controls.payer(), { from: payer.address });
  const forged = { ...made.payload, payload: { authorization: made.authorization, signature: forger.signature } };
  expect((await ask("/quote", paymentHeader(forged))).status).toBe(402);
});
