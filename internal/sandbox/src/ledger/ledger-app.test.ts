// The ledger over HTTP, asked by the official x402 client: the simulated one, and one on a real EVM.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HTTPFacilitatorClient } from "@x402/core/http";
import type { PaymentRequirements } from "@x402/core/types";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readLog } from "../append-log.ts";
import { buyer } from "../buyer/paying-client.ts";
import { demoAccount, simulatedChain } from "../chain.ts";
import { openEvmLedger } from "../evm/open-evm-ledger.ts";
import { payTo } from "../forge.ts";
import { type Served, serve } from "../testing/serve.ts";
import { openSandboxLedger } from "./open-sandbox-ledger.ts";

const payer = demoAccount("ledger app test");
const client = buyer(payer);
const { token, network } = simulatedChain;
const requirements: PaymentRequirements = {
  scheme: "exact",
  network,
  asset: token.address,
  amount: "10000",
  payTo,
  maxTimeoutSeconds: 60,
  extra: { name: token.name, version: token.version },
};
const json = { "content-type": "application/json" };
const chains = [
  { chain: "the simulated ledger", open: async (directory: string) => openSandboxLedger(directory) },
  { chain: "a real EVM", open: (directory: string) => openEvmLedger(directory) },
];

describe.each(chains)("$chain as an x402 facilitator", ({ open }) => {
  let directory: string;
  let ledger: Awaited<ReturnType<typeof open>>;
  let server: Served;
  let facilitator: HTTPFacilitatorClient;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "tollbooth-ledger-app-"));
    ledger = await open(directory);
    server = await serve(ledger.fetch);
    facilitator = new HTTPFacilitatorClient({ url: `${server.url}/facilitator`, timeoutMs: 2_000 });
    const body = JSON.stringify({ account: payer.address, value: "15000" });
    await fetch(`${server.url}/admin/mint`, { method: "POST", headers: json, body });
  });
  afterEach(async () => {
    await server.stop();
    await ledger.close();
    rmSync(directory, { recursive: true });
  });

  /** What the seller has. */
  async function taken(): Promise<unknown> {
    const response = await fetch(`${server.url}/chain/balances/${payTo}`);
    return Object(await response.json()).balance;
  }
  const sign = () => client.sign({ x402Version: 2, resource: { url: "http://test/" }, accepts: [requirements] });
  const logged = (kind: string) => readLog(join(directory, "facilitator.jsonl")).filter((entry) => entry.kind === kind);
  const setFault = (fault: object) =>
    fetch(`${server.url}/admin/faults`, { method: "POST", headers: json, body: JSON.stringify(fault) });

  test("lists what it supports", async () => {
    const { kinds } = await facilitator.getSupported();
    expect(kinds).toContainEqual({ x402Version: 2, scheme: "exact", network });
  });

  test("verifies and settles what the official client signed, and logs each call with the payment's nonce", async () => {
    const payment = await sign();
    expect(await facilitator.verify(payment, requirements)).toMatchObject({ isValid: true, payer: payer.address });
    expect(await facilitator.settle(payment, requirements)).toMatchObject({ success: true, network });
    expect(await taken()).toBe("10000");
    expect(logged("verify")).toMatchObject([{ payer: payer.address }]);
    expect(logged("settle")).toMatchObject([{ payer: payer.address }]);
  });

  test("logs the instance that an address names, and null where it names none", async () => {
    const payment = await sign();
    const named = new HTTPFacilitatorClient({
      url: `${server.url}/instance/gateway-1/77/facilitator`,
      timeoutMs: 2_000,
    });
    expect(await named.verify(payment, requirements)).toMatchObject({ isValid: true });
    await facilitator.verify(payment, requirements);
    expect(logged("verify").map(({ instance }) => instance)).toEqual(["gateway-1/77", null]);
    const balance = await fetch(`${server.url}/instance/gateway-1/77/chain/balances/${payer.address}`);
    expect(await balance.json()).toEqual({ balance: "15000" });
    expect((await fetch(`${server.url}/instance/gateway-1/facilitator/supported`)).status).toBe(404);
  });

  test("says that a nonce was used, to verify and to settle alike", async () => {
    const payment = await sign();
    await facilitator.settle(payment, requirements);
    const used = "invalid_exact_evm_nonce_already_used";
    expect(await facilitator.verify(payment, requirements)).toMatchObject({ isValid: false, invalidReason: used });
    expect(await facilitator.settle(payment, requirements)).toMatchObject({ success: false, errorReason: used });
    expect(await taken()).toBe("10000");
  });

  test("says that the balance does not suffice", async () => {
    await facilitator.settle(await sign(), requirements);
    const reason = "invalid_exact_evm_insufficient_balance";
    expect(await facilitator.verify(await sign(), requirements)).toMatchObject({
      isValid: false,
      invalidReason: reason,
    });
    expect(await facilitator.settle(await sign(), requirements)).toMatchObject({ success: false, errorReason: reason });
  });

  test("told to fail before: no transfer; told to fail after: the transfer stands and its reply is lost", async () => {
    const payment = await sign();
    await setFault({ on: "settle", fail: "before", times: 1 });
    await expect(facilitator.settle(payment, requirements)).rejects.toThrow(/500/);
    expect(await taken()).toBe("0");

    await setFault({ on: "settle", fail: "after", times: 1 });
    await expect(facilitator.settle(payment, requirements)).rejects.toThrow();
    expect(await taken()).toBe("10000");
    const { from, nonce } = Object(payment.payload.authorization);
    const found = await (await fetch(`${server.url}/chain/authorizations/${from}/${nonce}`)).json();
    expect(found).toMatchObject({ state: "used", to: payTo, value: "10000" });
  });

  test("told to be slow it is, until cleared", async () => {
    const payment = await sign();
    await setFault({ on: "verify", delayMs: 10_000 });
    const hasty = new HTTPFacilitatorClient({ url: `${server.url}/facilitator`, timeoutMs: 50 });
    await expect(hasty.verify(payment, requirements)).rejects.toThrow(/50/);
    await fetch(`${server.url}/admin/faults`, { method: "DELETE" });
    expect(await facilitator.verify(payment, requirements)).toMatchObject({ isValid: true });
  });

  test("told to answer something else it does, with the transfer or without", async () => {
    const wrong = { success: true, transaction: "", network };
    await setFault({ on: "settle", fail: "before", answer: wrong, times: 1 });
    const payment = await sign();
    expect(await facilitator.settle(payment, requirements)).toMatchObject(wrong);
    expect(await taken()).toBe("0");
    await setFault({ on: "settle", answer: { transaction: "pending" }, times: 1 });
    expect(await facilitator.settle(payment, requirements)).toMatchObject({ success: true, transaction: "pending" });
    expect(await taken()).toBe("10000");
  });

  test.each(["/admin/mint", "/admin/faults"])("%s takes nothing that a page in a browser could send", async (path) => {
    const body = path.endsWith("mint") ? JSON.stringify({ account: payTo, value: "7" }) : '{"on":"settle"}';
    const send = (headers: Record<string, string>) => fetch(server.url + path, { method: "POST", headers, body });
    expect((await send({})).status).toBe(415);
    expect((await send({ "content-type": "text/plain" })).status).toBe(415);
    expect((await send({ ...json, origin: "http://elsewhere.example" })).status).toBe(403);
    const cleared = await fetch(`${server.url}/admin/faults`, { method: "DELETE", headers: { origin: "null" } });
    expect(cleared.status).toBe(403);
    expect(await taken()).toBe("0");
    expect((await send(json)).status).toBe(204);
  });

  test("answers 400 to what it cannot read", async () => {
    for (const path of ["/facilitator/verify", "/facilitator/settle", "/admin/faults", "/admin/mint"]) {
      for (const body of ["", "{", "{}", '{"paymentPayload":7}']) {
        const response = await fetch(server.url + path, { method: "POST", headers: json, body });
        expect([path, body, response.status]).toEqual([path, body, 400]);
      }
    }
    expect((await fetch(`${server.url}/chain/authorizations/0x12/0x34`)).status).toBe(400);
  });
});
