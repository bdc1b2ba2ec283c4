// What owe.mjs records of a transaction, and what it refuses: with a chain that says what a test wants, and a real Redis.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { loadStores } from "@tollbooth-stores/config";
import { paymentKey, resolvePayment } from "@tollbooth-stores/core";
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { folder } from "./files.ts";
import { run } from "./running.ts";

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const payTo = `0x${"b".repeat(40)}`;
const contract = `0x${"c".repeat(40)}`;
const topicOf = (address: string) => `0x${address.slice(2).padStart(64, "0")}`;
const log = (topics: readonly string[], data = "0x") => ({ address: contract, topics, data });
const AUTHORIZATION_USED = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5";
const TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

/** A payment of its own, settled by a transaction in block 100. Its stores are the script's. */
async function scene(digit: string) {
  const [transaction, payer, nonce] = [`0x${digit.repeat(64)}`, `0x${digit.repeat(40)}`, `0x${digit.repeat(64)}`];
  const document = { stores: { provider: "ioredis", ioredis: { url: redis.url }, keySecret: "k".repeat(32) } };
  const stores = await loadStores(document, { env: {} });
  onTestFinished(() => stores.close());
  await stores.ping();
  const key = paymentKey({ scheme: "eip3009", network: "eip155:84532", contract, payer, nonce });
  const logs = [
    log([AUTHORIZATION_USED, topicOf(payer), nonce]),
    log([TRANSFER, topicOf(payer), topicOf(payTo)], "0x2710"),
  ];
  /** `finalized`: the last final block; undefined where the node does not tell. */
  const owe = async (finalized: string | undefined) => {
    const results: Readonly<Record<string, unknown>> = {
      eth_chainId: "0x14a34",
      eth_getTransactionReceipt: { status: "0x1", blockNumber: "0x64", logs },
      eth_getBlockByNumber: finalized === undefined ? null : { number: finalized },
    };
    const chain = createServer(async (request, response) => {
      const { method }: { method: string } = JSON.parse(Buffer.concat(await request.toArray()).toString());
      response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: results[method] }));
    });
    onTestFinished(() => void chain.close());
    await new Promise<void>((resolve) => chain.listen(0, "127.0.0.1", resolve));
    const address = chain.address();
    const CHAIN_URL = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const script = `"${process.execPath}" --input-type=module - ${transaction} ${payer} < "${folder}/owe.mjs"`;
    const environment = { CHAIN_URL, PAY_TO: payTo, STORES: `\n${JSON.stringify(document)}` };
    return run("sh", ["-c", script], fileURLToPath(new URL(".", import.meta.url)), environment);
  };
  const status = async () => (await stores.verifications.peek(`p:${key}`)).status;
  return { owe, status, stores, key, transaction };
}

it("refuses a transaction that is not final, and records nothing of it", async () => {
  const { owe, status } = await scene("1");
  expect(await owe("0x63")).toEqual({
    status: 1,
    output: expect.stringMatching(/not final: it is in block 100, and 99 is the last final one. Nothing is recorded/),
  });
  expect(await owe(undefined)).toEqual({
    status: 1,
    output: expect.stringMatching(/does not tell which block is final/),
  });
  expect(await status()).toBe("absent");
});

it("prints the payment that it records: amount, token, payer, payee and nonce", async () => {
  const { owe, status, transaction } = await scene("2");
  const { status: exit, output } = await owe("0x64");
  expect([exit, output.split("\n")]).toEqual([
    0,
    [
      `The receipt ${transaction} is for this payment:`,
      `  10000 of the smallest unit of the token ${contract} on eip155:84532`,
      `  from 0x${"2".repeat(40)} to ${payTo}, nonce 0x${"2".repeat(64)}`,
      "owed",
      "",
    ],
  ]);
  expect(await status()).toBe("settled");
});

it("says so where another receipt is on record, which stays", async () => {
  const { owe, stores, key } = await scene("3");
  await resolvePayment(stores.verifications, { key }, { receipt: "0xother" });
  expect(await owe("0x64")).toEqual({ status: 1, output: expect.stringMatching(/the receipt on record is 0xother/) });
});
