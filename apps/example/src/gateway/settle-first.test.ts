// A route of order settle-then-serve: what was paid for and could not be made is owed, and made for its payer later.
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { testSystem } from "../testing/test-system.ts";

const system = testSystem(testConfig.replace("path: /quote,", "path: /quote, order: settle-then-serve,"));

async function payment(account = system.payer()) {
  const headers = paymentHeader((await makePayment(await account)).payload);
  return () => fetch(system.url("/quote"), { headers });
}

describe("a route that settles first", () => {
  test("serves what was paid for, once", async () => {
    const ask = await payment();
    const before = system.counts();
    expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(409);
    expect(system.counts()).toEqual({
      verifies: before.verifies + 1,
      runs: before.runs + 1,
      transfers: before.transfers + 1,
    });
  });

  test("makes nothing that cannot be paid for", async () => {
    const { runs } = system.counts();
    await system.fault({ on: "settle", fail: "before" });
    const ask = await payment();
    expect((await ask()).status).toBe(503);
    expect(system.counts().runs).toBe(runs);
  });

  test("owes what the upstream does not deliver: 503 until it does, never 502 for what was charged", async () => {
    const ask = await payment();
    const { transfers } = system.counts();
    await system.upstream({ fail: true });
    for (let time = 0; time < 2; time += 1) {
      const failed = await ask();
      expect(failed.status).toBe(503);
      expect(failed.headers.get("retry-after")).toBe("1");
      expect(await failed.json()).toMatchObject({ error: "upstream_failed" });
    }
    await system.upstream({});
    expect((await ask()).status).toBe(200);
    expect(system.counts().transfers).toBe(transfers + 1);
  });
});
