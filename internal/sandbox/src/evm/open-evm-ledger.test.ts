// The EVM chain beyond what every ledger does: its log is the chain's own, `/rpc` only reads, and it goes on where it ended.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenAbi, transferCall } from "@tollbooth-stores/evm";
import { encodeFunctionData, type Hex, parseSignature } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readLog } from "../append-log.ts";
import { demoAccount, payerLabel, simulatedChain } from "../chain.ts";
import { type MadePayment, makePayment, malleate, payTo } from "../forge.ts";
import { openSandboxLedger } from "../ledger/open-sandbox-ledger.ts";
import { type Served, serve } from "../testing/serve.ts";
import { type EvmLedger, openEvmLedger } from "./open-evm-ledger.ts";

const payer = demoAccount(payerLabel(7));
/** One of the accounts that anvil signs for. */
const stranger = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
let directory: string;
let ledger: EvmLedger;
let server: Served;

async function open() {
  ledger = await openEvmLedger(directory);
  server = await serve(ledger.fetch);
}
async function close() {
  await server.stop();
  await ledger.close();
}
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tollbooth-evm-"));
  await open();
});
afterEach(async () => {
  await close();
  rmSync(directory, { recursive: true });
});

const transfers = () => readLog(join(directory, "ledger.jsonl")).filter(({ kind }) => kind === "transfer");
async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const headers = { "content-type": "application/json" };
  return Object(await (await fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) })).json());
}
const settle = ({ payload }: MadePayment) =>
  post("/facilitator/settle", { x402Version: 2, paymentPayload: payload, paymentRequirements: payload.accepted });
const ask = (method: string, ...params: unknown[]) => post("/rpc", { jsonrpc: "2.0", id: 1, method, params });
/** A transfer that goes by the facilitator: to the node itself. */
const sendTransfer = async ({
  authorization: { from, to, value, validAfter, validBefore, nonce },
  signature,
}: MadePayment) => {
  const { r, s, yParity } = parseSignature(signature);
  const order = [hex(from), hex(to), BigInt(value), BigInt(validAfter), BigInt(validBefore), hex(nonce)] as const;
  const args = [...order, yParity + 27, r, s] as const;
  const data = encodeFunctionData({ abi: tokenAbi, functionName: "transferWithAuthorization", args });
  const call = { from: stranger, to: simulatedChain.token.address, data, gas: "0x500000" };
  return ledger.node.request({ method: "eth_sendTransaction", params: [call] });
};
const hex = (text: string): Hex => `0x${text.slice(2)}`;
const expired = {
  ...{ from: payer.address, to: payer.address, value: 1n, validAfter: 0n, validBefore: 1n },
  nonce: hex(`0x${"12".repeat(32)}`),
};

describe("the ledger's log on a real EVM", () => {
  test("has each transfer once, with the hash and the time of its block, before the facilitator answers", async () => {
    const payments = await Promise.all(Array.from({ length: 8 }, () => makePayment(payer)));
    const seen = await Promise.all(
      payments.map(async (payment) => {
        const { transaction } = await settle(payment);
        return transfers().find((line) => line.transaction === transaction)?.nonce;
      }),
    );
    expect(seen).toEqual(payments.map(({ authorization }) => authorization.nonce));
    expect(transfers()).toHaveLength(8);
    for (const { transaction, timestamp, block } of transfers()) {
      const { result } = await ask("eth_getTransactionReceipt", transaction);
      expect(result).toMatchObject({ status: "0x1", blockNumber: `0x${Number(block).toString(16)}` });
      const { result: mined } = await ask("eth_getBlockByNumber", Object(result).blockNumber, false);
      expect(Number(Object(mined).timestamp)).toBe(timestamp);
    }
  });

  test("has what others sent to the node, too, before a lookup tells of it", async () => {
    const payment = await makePayment(payer);
    const hash = await sendTransfer(payment);
    await expect
      .poll(async () => (await ask("eth_getTransactionReceipt", hash)).result, { timeout: 10_000 })
      .toMatchObject({ status: "0x1" });
    const { from, nonce } = payment.authorization;
    expect(transfers()).toMatchObject([{ transaction: hash, from, nonce, value: "10000" }]);
    await sendTransfer(payment);
    expect(await settle(payment)).toMatchObject({
      success: false,
      errorReason: "invalid_exact_evm_nonce_already_used",
    });
    expect(transfers()).toHaveLength(1);
  });
});

describe("a payment on a real EVM", () => {
  test("that is settled by six at once moves once", async () => {
    const payment = await makePayment(payer);
    const answers = await Promise.all(Array.from({ length: 6 }, () => settle(payment)));
    expect(answers.filter(({ success }) => success === true)).toHaveLength(1);
    expect(transfers()).toHaveLength(1);
  });

  test("whose signature is malleated moves nothing", async () => {
    const payment = await makePayment(payer);
    const signature = malleate(payment.signature);
    const payload = { ...payment.payload, payload: { ...payment.payload.payload, signature } };
    expect(await settle({ ...payment, payload })).toMatchObject({ success: false });
    expect(transfers()).toEqual([]);
    expect(await settle(payment)).toMatchObject({ success: true });
  });
});

describe("the node behind /rpc", () => {
  test("is not asked for what mines, mints, sends or moves the clock", async () => {
    const methods = [
      "evm_mine",
      "evm_increaseTime",
      "anvil_setBalance",
      "eth_sendTransaction",
      "eth_sendRawTransaction",
    ];
    for (const method of methods) expect(await ask(method)).toMatchObject({ error: { code: -32_601 } });
  });

  test("tells its own errors, with the words of a revert", async () => {
    const data = await transferCall(simulatedChain.token.address, simulatedChain.chainId, expired);
    expect(await ask("eth_call", { to: simulatedChain.token.address, data }, "latest")).toMatchObject({
      error: {
        code: 3,
        message: "execution reverted: FiatTokenV2: authorization is expired",
        data: expect.stringMatching(/^0x08c379a0/),
      },
    });
    expect(await ask("eth_getLogs", "nonsense")).toMatchObject({ error: { code: -32_602 } });
  });
});

describe("a chain that is opened again", () => {
  test("knows its blocks, balances and used nonces, and logs nothing twice", async () => {
    const [paid, unpaid] = [await makePayment(payer), await makePayment(payer)];
    const { transaction } = await settle(paid);
    const { result: before } = await ask("eth_getTransactionReceipt", transaction);
    await close();
    await open();
    expect((await ask("eth_getTransactionReceipt", transaction)).result).toEqual(before);
    expect(await settle(paid)).toMatchObject({ success: false, errorReason: "invalid_exact_evm_nonce_already_used" });
    expect(await settle(unpaid)).toMatchObject({ success: true });
    expect(transfers().map(({ nonce }) => nonce)).toEqual(
      [paid, unpaid].map(({ authorization }) => authorization.nonce),
    );
    expect(transfers()).toMatchObject(await ledger.transfers());
    const { balance } = Object(await (await fetch(`${server.url}/chain/balances/${payTo}`)).json());
    expect(balance).toBe("20000");
  });

  test("logs what its log has lost", async () => {
    await settle(await makePayment(payer));
    await settle(await makePayment(payer));
    const whole = transfers();
    await close();
    const file = join(directory, "ledger.jsonl");
    writeFileSync(file, `${JSON.stringify(whole[0])}\n`);
    await open();
    const [, second] = whole;
    expect(transfers()).toMatchObject([whole[0], { ...second, at: expect.any(String) }]);
  });

  test("is no folder for the simulated ledger", async () => {
    await close();
    expect(() => openSandboxLedger(directory)).toThrow("is the log of another chain");
    await open();
  });

  test.each([
    ["is gone", () => rmSync(join(directory, "chain.json"))],
    [
      "is older than its log",
      () => writeFileSync(join(directory, "ledger.jsonl"), '{"kind":"transfer","block":999999}\n'),
    ],
  ])("is refused where it %s", async (_what, change) => {
    await settle(await makePayment(payer));
    await close();
    change();
    await expect(openEvmLedger(directory)).rejects.toThrow("is the log of another chain");
    rmSync(directory, { recursive: true });
    await open();
  });
});
