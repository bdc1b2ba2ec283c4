// That evmSettlements finds payments on the sandbox's simulated chain as on any EVM node, by viem's client over HTTP.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demoAccount, openSandboxLedger, payTo, type SandboxLedger } from "@tollbooth-stores/sandbox";
import { createPublicClient, http, type PublicClient } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OnPort, onPort } from "../on-port.test-support.ts";
import { lookUp } from "./evm-scene.test-support.ts";
import {
  post,
  type SignedChange,
  type SignedPayment,
  settleAt,
  signer,
  signPayment,
} from "./sandbox-scene.test-support.ts";

const stranger = demoAccount("stranger").address;
const stillOpen = "The payment may still be settled: no final block is later than its end.";
let directory: string;
/** The chain's clock. */
let seconds: number;
let sandbox: SandboxLedger;
let server: OnPort;
let client: PublicClient;

async function open() {
  sandbox = openSandboxLedger(directory, () => seconds);
  server = await onPort(sandbox.fetch);
  client = createPublicClient({ transport: http(`${server.url}/rpc`, { retryCount: 0 }) });
}
async function close() {
  await server.stop();
  sandbox.close();
}
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tollbooth-settlements-"));
  seconds = Math.floor(Date.now() / 1_000);
  await open();
});
afterEach(async () => {
  await close();
  rmSync(directory, { recursive: true });
});

const sign = (change: SignedChange = {}) => signPayment(seconds, change);
const settle = (payment: Pick<SignedPayment, "payload">) => settleAt(server.url, payment);

describe("a payment on the simulated chain", () => {
  it("is settled as soon as it was paid, with the facilitator's hash and without, and after a restart", async () => {
    const payment = await sign();
    expect(await lookUp(client, payment)).toBe(stillOpen);
    const { success, transaction } = await settle(payment);
    expect(success).toBe(true);
    expect(await lookUp(client, payment)).toEqual({ receipt: transaction });
    expect(await lookUp(client, payment, { evidence: String(transaction) })).toEqual({ receipt: transaction });
    await close();
    seconds += 3_600;
    await open();
    expect(await lookUp(client, payment)).toEqual({ receipt: transaction });
  });

  it.each([
    ["recipient", { to: stranger }],
    ["amount", { value: "9999" }],
  ])("is void once its nonce has paid another %s", async (_, change) => {
    const payment = await sign();
    const other = await sign({ nonce: payment.nonce, ...change });
    const { transaction } = await settle(other);
    expect(await lookUp(client, payment)).toEqual({ none: "void" });
    expect(await lookUp(client, other)).toEqual({ receipt: transaction });
  });

  it("that is unused has expired after its end by the chain's clock, and cannot be paid then", async () => {
    const payment = await sign();
    seconds = payment.validBefore;
    expect(await lookUp(client, payment)).toBe(stillOpen);
    seconds += 1;
    expect(await lookUp(client, payment)).toEqual({ none: "expired" });
    seconds -= 30;
    expect(await settle(payment)).toMatchObject({ success: false });
    expect(sandbox.ledger.balanceOf(payTo)).toBe(0n);
    expect(await lookUp(client, payment)).toEqual({ none: "expired" });
  });

  it("is told from two hundred of the same second, each in a block of its own, and time goes on", async () => {
    const open = await sign({ value: "3" });
    const payments = await Promise.all(Array.from({ length: 200 }, () => sign({ value: "1" })));
    const receipts = await Promise.all(
      payments.map(async ({ authorization, signature, nonce }) => {
        const { value, validAfter, validBefore } = authorization;
        const times = { validAfter: BigInt(validAfter), validBefore: BigInt(validBefore) };
        const order = { from: signer.address, to: payTo, value: BigInt(value), ...times, nonce };
        return (await sandbox.ledger.transfer(order, signature)).transaction;
      }),
    );
    const blocks = await Promise.all(receipts.map((hash) => client.getTransactionReceipt({ hash })));
    expect(new Set(blocks.map(({ blockNumber }) => blockNumber)).size).toBe(200);
    for (const [index, payment] of payments.entries()) {
      if (index % 20 === 19)
        expect(await lookUp(client, payment, { logRange: 50 })).toEqual({ receipt: receipts[index] });
    }
    expect(await lookUp(client, open)).toBe(stillOpen);
    seconds += 61;
    expect(await lookUp(client, open)).toEqual({ none: "expired" });
    expect((await client.getBlock({ blockTag: "finalized" })).timestamp).toBe(BigInt(seconds));
  });
});

describe("a fault of the simulated chain's lookups", () => {
  const setFault = (fault: object) => post(`${server.url}/admin/faults`, { on: "lookup", ...fault });
  async function paid(): Promise<SignedPayment & { readonly receipt: unknown }> {
    const payment = await sign();
    return { ...payment, receipt: (await settle(payment)).transaction };
  }

  it.each([
    ["fails", { fail: "before" }],
    ["loses the answer", { fail: "after" }],
    ["answers an error", { fail: "before", answer: { error: { code: -32_005, message: "limit exceeded" } } }],
  ])("that %s leaves a payment unknown while it lasts", async (_, fault) => {
    const payment = await paid();
    await setFault({ ...fault, times: 1 });
    expect(await lookUp(client, payment)).toBe("The node answered eth_chainId with an error.");
    expect(await lookUp(client, payment)).toEqual({ receipt: payment.receipt });
  });

  it("that answers nothing leaves a payment unknown", async () => {
    const payment = await paid();
    await setFault({ answer: { result: null } });
    expect(await lookUp(client, payment)).toBe("The node's answer has not the form of its method.");
  });

  it("that is slow leaves a payment unknown when the time is over", async () => {
    const payment = await paid();
    await setFault({ delayMs: 5_000 });
    const signal = AbortSignal.timeout(50);
    expect(await lookUp(client, payment, { signal })).toBe("The time for the lookup was over.");
  });

  it("that tells another chain is an error of configuration", async () => {
    const payment = await paid();
    await setFault({ answer: { result: "0x1" } });
    await expect(lookUp(client, payment)).rejects.toMatchObject({ code: "STORE_CONFIG" });
  });
});
