// Several real gateways behind the front, on a real Redis: to a buyer they are one.

import { startRedis } from "@tollbooth-stores/redis-testkit";
import { buyer, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { afterAll, expect, test } from "vitest";
import { onRedis, testSystem } from "../testing/test-system.ts";
import { ask, signedPayments } from "../testing/traffic.ts";

const redis = await startRedis();
afterAll(() => redis.stop());

const system = testSystem(onRedis(testConfig, redis.url).replace("limit: 100000", "limit: 40"), { instances: 3 });
const { url } = system;

test("requests are spread evenly, and each payment is one wherever it goes", async () => {
  const payments = await signedPayments(buyer(await system.payer()), url("/order?x=1"), 6, {
    method: "POST",
    body: "b",
  });
  const init = (headers: Record<string, string>) => ({ method: "POST", body: "b", headers });
  const served: string[] = [];
  for (const { headers } of payments) served.push((await ask(url("/order?x=1"), init(headers))).instance ?? "");
  const names = ["gateway-1", "gateway-2", "gateway-3"];
  expect(served.sort()).toEqual([...names, ...names].sort());
  const runs = system.logged("upstream", "run").map(({ instance, method, path }) => ({ instance, method, path }));
  expect(new Set(runs.map(({ instance }) => instance)).size).toBe(3);
  expect(runs).toEqual(runs.map(({ instance }) => ({ instance, method: "POST", path: "/order" })));
  // Each of them again, one place further on.
  await ask(url("/healthz"), {});
  for (const { headers } of payments) expect((await ask(url("/order?x=1"), init(headers))).status).toBe(409);
  expect(system.counts()).toEqual({ verifies: 6, runs: 6, transfers: 6 });
});

test("a session bought on one is known to all", async () => {
  const bought = await buyer(await system.payer()).pay(url("/stream"));
  const { session } = Object(await bought.json());
  const headers = { authorization: `Bearer ${session}` };
  const hops = [];
  for (let hop = 0; hop < 3; hop += 1) hops.push(await ask(url("/stream"), { headers }));
  expect(hops.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(hops.map(({ instance }) => instance)).size).toBe(3);
});

test("a price names the address that the buyer used", async () => {
  const { resource } = await buyer(await system.payer()).priceOf(url("/quote?of=tea"));
  expect(resource).toMatchObject({ url: url("/quote?of=tea") });
});

test("a payment header that is too large is refused by the gateway itself", async () => {
  const refused = await ask(url("/quote"), { headers: paymentHeader("x".repeat(12_600)) });
  expect(refused).toMatchObject({
    status: 431,
    error: "payment_too_large",
    instance: expect.stringMatching(/^gateway-/),
  });
});

test("the limit by address is one for all instances, and X-Forwarded-For does not lead around it", async () => {
  const spoofed = (octet: number) => ({ headers: { "x-forwarded-for": `203.0.113.${octet}` } });
  const statuses: number[] = [];
  while (!statuses.includes(429) && statuses.length < 100) {
    statuses.push((await ask(url("/quote"), spoofed(statuses.length))).status);
  }
  expect(statuses[0]).toBe(402);
  // 40 in all, those of the tests before included.
  expect(statuses.length).toBeLessThanOrEqual(40);
  const after = await Promise.all([200, 201, 202].map((octet) => ask(url("/quote"), spoofed(octet))));
  expect(after.map(({ status }) => status)).toEqual([429, 429, 429]);
  expect(new Set(after.map(({ instance }) => instance)).size).toBe(3);
});
