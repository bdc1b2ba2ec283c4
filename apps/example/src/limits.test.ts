// The limits by address and by payer, and that neither can be escaped or used up for another client.
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { testSystem } from "./testing/test-system.ts";

const system = testSystem(
  testConfig
    .replace("perIp: { limit: 100000, window: 1m }", "perIp: { limit: 20, window: 1h }")
    .replace("perPayer: { limit: 1000, window: 1m }", "perPayer: { limit: 3, window: 1h }")
    .replace("payTo:", "trustedProxies: 1\npayTo:"),
);

let lastAddress = 0;
/** Each test is a client of its own, as the proxy in front would tell it. */
function from(): Record<string, string> {
  lastAddress += 1;
  return { "x-forwarded-for": `6.6.6.6, 10.9.8.${lastAddress}` };
}

describe("the limit by address", () => {
  test("admits as many as it says, then answers 429 before anything is verified", async () => {
    const client = from();
    const { payload } = await makePayment(await system.payer());
    for (let request = 1; request <= 20; request += 1) {
      const response = await fetch(system.url("/quote"), { headers: client });
      expect([request, response.status]).toEqual([request, 402]);
      expect(response.headers.get("x-ratelimit-remaining")).toBe(String(20 - request));
    }
    const before = system.counts();
    const response = await fetch(system.url("/quote"), { headers: { ...client, ...paymentHeader(payload) } });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ error: "too_many_requests" });
    const retryAfter = Number(response.headers.get("retry-after"));
    expect(retryAfter).toBeGreaterThan(3_500);
    expect(retryAfter).toBeLessThanOrEqual(3_600);
    expect(response.headers.get("ratelimit")).toContain('"ip"');
    expect(response.headers.get("ratelimit-policy")).toContain('"ip";q=20');
    expect(system.counts()).toEqual(before);

    // The payment was not used up by being turned away.
    expect((await fetch(system.url("/quote"), { headers: { ...from(), ...paymentHeader(payload) } })).status).toBe(200);
  });

  test("never refuses a payer who was charged, and asks again for the answer", async () => {
    const client = { ...from(), "idempotency-key": "a-key-of-its-own" };
    const { payload } = await makePayment(await system.payer());
    const paid = { ...client, ...paymentHeader(payload) };
    const bought = await fetch(system.url("/quote"), { headers: paid });
    for (let request = 2; request <= 20; request += 1) await fetch(system.url("/quote"), { headers: client });
    expect((await fetch(system.url("/quote"), { headers: client })).status).toBe(429);
    const again = await fetch(system.url("/quote"), { headers: paid });
    expect([again.status, await again.text()]).toEqual([200, await bought.text()]);
  });

  test("counts malformed and forged payments too", async () => {
    const client = from();
    for (let request = 1; request <= 20; request += 1) {
      const response = await fetch(system.url("/quote"), { headers: { ...client, "payment-signature": "%" } });
      expect(response.status).toBe(400);
    }
    expect((await fetch(system.url("/quote"), { headers: client })).status).toBe(429);
  });

  test("is not escaped by writing an address in front of the proxy's", async () => {
    const { "x-forwarded-for": mine = "" } = from();
    const statuses: number[] = [];
    for (let request = 1; request <= 21; request += 1) {
      const headers = { "x-forwarded-for": `1.1.1.${request}, ${mine}` };
      statuses.push((await fetch(system.url("/quote"), { headers })).status);
    }
    expect(statuses).toEqual([...Array<number>(20).fill(402), 429]);
  });

  test("does not count health checks", async () => {
    for (let request = 0; request < 30; request += 1) {
      expect((await fetch(system.url("/healthz"), { headers: { "x-forwarded-for": "7.7.7.7" } })).status).toBe(200);
    }
    expect((await fetch(system.url("/quote"), { headers: { "x-forwarded-for": "7.7.7.7" } })).status).toBe(402);
  });
});

describe("the limit by payer", () => {
  test("holds a payer to it whatever address the payments come from, and charges nothing above it", async () => {
    const payer = await system.payer();
    for (let paid = 0; paid < 3; paid += 1) {
      const { payload } = await makePayment(payer);
      const response = await fetch(system.url("/quote"), { headers: { ...from(), ...paymentHeader(payload) } });
      expect(response.status).toBe(200);
      expect(response.headers.get("ratelimit")).toMatch(/"ip".*, "payer GET \/quote"/);
      expect(response.headers.get("x-ratelimit-remaining")).toBe(String(2 - paid));
    }
    const before = system.counts();
    const { payload } = await makePayment(payer);
    const response = await fetch(system.url("/quote"), { headers: { ...from(), ...paymentHeader(payload) } });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(3_500);
    // The limit counts verified payments only, so this one was verified; nothing was made of it.
    expect(system.counts()).toEqual({ ...before, verifies: before.verifies + 1 });

    // Each route has its own.
    const other = await makePayment(payer);
    expect(
      (await fetch(system.url("/report"), { headers: { ...from(), ...paymentHeader(other.payload) } })).status,
    ).toBe(200);
  });

  test("cannot be used up by presenting payments of the payer that were used before", async () => {
    const victim = await system.payer();
    const { payload: public_ } = await makePayment(victim);
    expect((await fetch(system.url("/quote"), { headers: paymentHeader(public_) })).status).toBe(200);
    for (let times = 0; times < 6; times += 1) {
      expect((await fetch(system.url("/quote"), { headers: { ...from(), ...paymentHeader(public_) } })).status).toBe(
        409,
      );
    }
    const { payload } = await makePayment(victim);
    expect((await fetch(system.url("/quote"), { headers: paymentHeader(payload) })).status).toBe(200);
  });

  test("cannot be used up by forging the payer", async () => {
    const victim = await system.payer();
    const attacker = await system.payer();
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const { payload } = await makePayment(attacker, { from: victim.address });
      const headers = { ...from(), ...paymentHeader(payload), "x-payer": victim.address };
      expect((await fetch(system.url("/quote"), { headers })).status).toBe(402);
    }
    const { payload } = await makePayment(victim);
    const response = await fetch(system.url("/quote"), { headers: { ...from(), ...paymentHeader(payload) } });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-ratelimit-remaining")).toBe("2");
  });

  test("holds all uses of a session to the limit of the payer who bought it", async () => {
    const { payload } = await makePayment(await system.payer());
    const bought = await fetch(system.url("/stream"), { headers: { ...from(), ...paymentHeader(payload) } });
    expect(bought.status).toBe(201);
    const { session } = Object(await bought.json());
    const statuses: number[] = [];
    for (let request = 0; request < 4; request += 1) {
      const headers = { ...from(), authorization: `Bearer ${session}` };
      statuses.push((await fetch(system.url("/stream"), { headers })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });
});
