// Paying for a request: the price, the payment, one of everything, and failures of the upstream.
import { get } from "node:http";
import { buyer, makePayment, paymentHeader, payTo, simulatedChain, testConfig } from "@tollbooth-stores/sandbox";
import { decodePaymentRequiredHeader, decodePaymentResponseHeader } from "@x402/core/http";
import { describe, expect, test } from "vitest";
import { testSystem } from "./testing/test-system.ts";

const system = testSystem(testConfig.replace(/(UPSTREAM_URL}", timeout:) 5s/, "$1 2s"));

async function signedPayment(path = "/quote") {
  const client = buyer(await system.payer());
  const payment = await client.sign(await client.priceOf(system.url(path)));
  return { client, payment, headers: client.headersOf(payment) };
}

describe("a route paid for by request", () => {
  test("asks an unpaid request for its price", async () => {
    const response = await fetch(system.url("/quote"));
    expect(response.status).toBe(402);
    const price = decodePaymentRequiredHeader(response.headers.get("payment-required") ?? "");
    const { token, network } = simulatedChain;
    expect(price).toMatchObject({
      x402Version: 2,
      resource: { url: system.url("/quote") },
      accepts: [{ scheme: "exact", network, amount: "10000", asset: token.address, payTo }],
    });
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("names its own address, whatever a client calls it: what comes back is signed", async () => {
    const { hostname, port } = new URL(system.url());
    const header = await new Promise<unknown>((resolve, reject) => {
      const headers = { host: "evil.example" };
      get({ hostname, port, path: "/quote", headers }, (response) => {
        response.resume();
        resolve(response.headers["payment-required"]);
      }).on("error", reject);
    });
    const price = decodePaymentRequiredHeader(String(header));
    expect(price).toMatchObject({ resource: { url: system.url("/quote") } });
    expect(JSON.stringify(price)).not.toContain("evil");
  });

  test("serves what was paid for, with the settlement's receipt", async () => {
    const { client, headers } = await signedPayment("/quote?symbol=%41B");
    const response = await fetch(system.url("/quote?symbol=%41B"), { headers });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ path: "/quote?symbol=%41B" });
    const receipt = decodePaymentResponseHeader(response.headers.get("payment-response") ?? "");
    const [transfer] = system.logged("ledger", "transfer").filter(({ from }) => from === client.account.address);
    expect(receipt).toMatchObject({ success: true, payer: client.account.address, transaction: transfer?.transaction });
    expect(transfer).toMatchObject({ to: payTo, value: "10000" });
  });

  test.each(["1", "127.1", "evil.example"])("serves what was paid for, whatever its Host: %s", async (host) => {
    const { headers } = await signedPayment("/quote?symbol=AB");
    const { hostname, port } = new URL(system.url());
    const body = await new Promise<string>((resolve, reject) => {
      get({ hostname, port, path: "/quote?symbol=AB", headers: { ...headers, host } }, async (response) => {
        let text = "";
        for await (const chunk of response) text += String(chunk);
        resolve(text);
      }).on("error", reject);
    });
    expect(JSON.parse(body)).toMatchObject({ path: "/quote?symbol=AB" });
  });

  test("answers one payment sent 20 times at once with one verify, one run, one transfer and one fresh answer", async () => {
    const { client, headers } = await signedPayment();
    const before = system.counts();
    const responses = await Promise.all(Array.from({ length: 20 }, () => fetch(system.url("/quote"), { headers })));
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array<number>(19).fill(409)]);

    const after = system.counts();
    expect(after).toEqual({ verifies: before.verifies + 1, runs: before.runs + 1, transfers: before.transfers + 1 });
    const mine = (entry: Record<string, unknown>) =>
      entry.payer === client.account.address || entry.from === client.account.address;
    expect(system.logged("facilitator", "verify").filter(mine)).toHaveLength(1);
    expect(system.logged("facilitator", "settle").filter(mine)).toHaveLength(1);
    expect(system.logged("ledger", "transfer").filter(mine)).toHaveLength(1);
    const keys = system.logged("upstream", "run").map(({ paidBy }) => paidBy);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("charges nothing when the upstream fails, and takes the same payment once it works again", async () => {
    const { headers } = await signedPayment();
    const before = system.counts();
    await system.upstream({ fail: true });
    const failed = await fetch(system.url("/quote"), { headers });
    expect(failed.status).toBe(502);
    expect(await failed.json()).toMatchObject({ error: "upstream_failed" });
    expect(system.counts().transfers).toBe(before.transfers);

    await system.upstream({ fail: false });
    expect((await fetch(system.url("/quote"), { headers })).status).toBe(200);
    expect(system.counts()).toMatchObject({ verifies: before.verifies + 1, transfers: before.transfers + 1 });
  });

  test("answers 504 and charges nothing when the upstream is too slow", async () => {
    const { headers } = await signedPayment();
    const { transfers } = system.counts();
    await system.upstream({ delayMs: 4_000 });
    expect((await fetch(system.url("/quote"), { headers })).status).toBe(504);
    expect(system.counts().transfers).toBe(transfers);
  });

  test("serves a large answer, and refuses to charge for an endless one", async () => {
    const { headers } = await signedPayment();
    const { transfers } = system.counts();
    await system.upstream({ padding: 2_000_000 });
    expect((await fetch(system.url("/quote"), { headers })).status).toBe(502);
    expect(system.counts().transfers).toBe(transfers);
    await system.upstream({ padding: 500_000 });
    const response = await fetch(system.url("/quote"), { headers });
    expect(response.status).toBe(200);
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(500_000);
  });

  test("binds a payment to the body it was sent with", async () => {
    const payer = await system.payer();
    const { payload } = await makePayment(payer, { value: "20000" });
    const order = (body: string) =>
      fetch(system.url("/order"), { method: "POST", body, headers: paymentHeader(payload) });
    expect((await order("one book")).status).toBe(200);
    expect((await order("one house")).status).toBe(409);
    expect((await order("one book")).status).toBe(409);
    expect(system.logged("ledger", "transfer").filter(({ from }) => from === payer.address)).toHaveLength(1);
  });

  test("refuses a body that is too large before it looks at the payment", async () => {
    const { payload } = await makePayment(await system.payer(), { value: "20000" });
    const before = system.counts();
    const body = "x".repeat(70_000);
    const response = await fetch(system.url("/order"), { method: "POST", body, headers: paymentHeader(payload) });
    expect(response.status).toBe(413);
    expect(system.counts()).toEqual(before);
  });

  test("does not spend a payment on HEAD", async () => {
    const { headers } = await signedPayment();
    const before = system.counts();
    expect((await fetch(system.url("/quote"), { method: "HEAD", headers })).status).toBe(405);
    expect(system.counts()).toEqual(before);
    expect((await fetch(system.url("/quote"), { headers })).status).toBe(200);
  });
});
