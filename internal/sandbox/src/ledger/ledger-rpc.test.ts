// The simulated chain over JSON-RPC, asked by viem as any EVM node is, and by hand where a client could ask for worse.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createPublicClient,
  type Hex,
  http,
  numberToHex,
  type PublicClient,
  parseEventLogs,
  toEventSelector,
} from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { appendLog } from "../append-log.ts";
import { demoAccount, simulatedChain } from "../chain.ts";
import { makePayment, payTo, randomNonce } from "../forge.ts";
import { type Served, serve } from "../testing/serve.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { ledgerApp } from "./ledger-app.ts";
import { ledgerChain } from "./ledger-chain.ts";
import { tokenAbi } from "./token-abi.ts";

const payer = demoAccount("ledger rpc test").address;
const { token, chainId } = simulatedChain;
const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };
const unknown: Hex = `0x${"ab".repeat(32)}`;
let directory: string;
let seconds: number;
let ledger: Ledger;
let server: Served;
let client: PublicClient;
let close: () => void;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tollbooth-rpc-"));
  seconds = 1_000;
  ledger = openLedger(join(directory, "ledger.jsonl"), domain, () => seconds);
  ledger.mint([payer], 1_000n);
  const log = appendLog(join(directory, "facilitator.jsonl"));
  server = await serve(ledgerApp(ledgerChain(ledger), log).fetch);
  client = createPublicClient({ transport: http(`${server.url}/rpc`, { retryCount: 0 }) });
  close = () => log.close();
});
afterEach(async () => {
  await server.stop();
  ledger.close();
  close();
  rmSync(directory, { recursive: true });
});

async function pay() {
  const nonce = randomNonce();
  const order = { from: payer, to: payTo, value: 7n, validAfter: 0n, validBefore: 100_000n, nonce };
  const account = demoAccount("ledger rpc test");
  const { signature } = await makePayment(account, { value: "7", validBefore: "100000", nonce });
  const { transaction } = await ledger.transfer(order, signature);
  const block = ledger.newestBlock();
  return { nonce, transaction, block, number: BigInt(block.number) };
}

/** What the HTTP side answers to any body. */
async function post(body: unknown) {
  const response = await fetch(`${server.url}/rpc`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
}
const ask = (method: string, ...params: unknown[]) => post({ jsonrpc: "2.0", id: 1, method, params });
const setFault = (fault: object) =>
  fetch(`${server.url}/admin/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ on: "lookup", ...fault }),
  });

describe("the simulated chain as a node", () => {
  test("tells its id and its blocks, of which the newest is final and that of this instant", async () => {
    expect(await client.getChainId()).toBe(chainId);
    const first = await client.getBlock({ blockTag: "finalized" });
    expect(first).toMatchObject({ number: 0n, timestamp: 1_000n, transactions: [] });
    const { transaction, block, number } = await pay();
    for (const blockTag of ["latest", "safe", "finalized", "pending"] as const) {
      const newest = await client.getBlock({ blockTag });
      expect(newest).toMatchObject({ number, hash: block.hash, parentHash: first.hash, transactions: [transaction] });
    }
    seconds += 5;
    expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(2n);
    expect(await client.getBlock()).toMatchObject({ number: 2n, timestamp: 1_005n, transactions: [] });
    expect(await client.getBlock({ blockNumber: 1n })).toMatchObject({ hash: block.hash, timestamp: 1_000n });
    expect(await client.getBlock({ blockHash: block.hash })).toMatchObject({ number });
    expect(await client.getBlock({ blockTag: "earliest" })).toEqual(first);
  });

  test("answers viem's batches", async () => {
    const batching = createPublicClient({ transport: http(`${server.url}/rpc`, { batch: true, retryCount: 0 }) });
    const { hash } = ledger.newestBlock();
    expect(await Promise.all([batching.getChainId(), batching.getBlock()])).toMatchObject([chainId, { hash }]);
  });

  test("has no block that is yet to come, nor one of another hash", async () => {
    await expect(client.getBlock({ blockNumber: 1n })).rejects.toThrow("could not be found");
    await expect(client.getBlock({ blockHash: unknown })).rejects.toThrow("could not be found");
    expect(await ask("eth_getBlockByNumber", "0xffffffffffffffffff", false)).toEqual({
      ...{ jsonrpc: "2.0", id: 1, result: null },
    });
  });

  test("tells a transfer's receipt, with the logs of the token in Circle's order", async () => {
    const { transaction, nonce, block, number } = await pay();
    const receipt = await client.getTransactionReceipt({ hash: transaction });
    const place = { blockNumber: number, blockHash: block.hash, transactionHash: transaction, transactionIndex: 0 };
    expect(receipt).toMatchObject({ status: "success", to: token.address, ...place });
    expect(receipt.logs).toMatchObject([
      { logIndex: 0, ...place },
      { logIndex: 1, ...place },
    ]);
    expect(parseEventLogs({ abi: tokenAbi, logs: receipt.logs })).toMatchObject([
      { eventName: "AuthorizationUsed", address: token.address.toLowerCase(), args: { authorizer: payer, nonce } },
      { eventName: "Transfer", address: token.address.toLowerCase(), args: { from: payer, to: payTo, value: 7n } },
    ]);
    await expect(client.getTransactionReceipt({ hash: unknown })).rejects.toThrow("could not be found");
  });

  test("tells whether a nonce was used in the state of a block", async () => {
    const before = ledger.newestBlock();
    const { nonce, block, number } = await pay();
    const stateAt = (at: object) =>
      client.readContract({
        ...{ abi: tokenAbi, address: token.address, functionName: "authorizationState", args: [payer, nonce], ...at },
      });
    expect(await stateAt({})).toBe(true);
    expect(await stateAt({ blockNumber: number })).toBe(true);
    expect(await stateAt({ blockNumber: 0n })).toBe(false);
    expect(await stateAt({ blockTag: "earliest" })).toBe(false);
    await expect(stateAt({ blockNumber: 9n })).rejects.toThrow("does not have this block");

    const data = `0xe94a0102${payer.slice(2).padStart(64, "0")}${nonce.slice(2)}`;
    const pinned = async (which: object) => Object(await ask("eth_call", { to: token.address, data }, which));
    const used = `0x${"1".padStart(64, "0")}`;
    expect((await pinned({ blockHash: block.hash, requireCanonical: true })).result).toBe(used);
    expect(Number((await pinned({ blockHash: before.hash })).result)).toBe(0);
    expect((await pinned({ blockNumber: numberToHex(block.number) })).result).toBe(used);
    expect((await pinned({ blockHash: unknown })).error.code).toBe(-32_001);
  });

  test("reverts what is no authorizationState, and has no other contract", async () => {
    const call = { abi: tokenAbi, functionName: "balanceOf", args: [payer] } as const;
    await expect(client.readContract({ ...call, address: token.address })).rejects.toThrow("only authorizationState");
    expect(await ask("eth_call", { to: token.address, data: "0x12345678" })).toMatchObject({ error: { code: 3 } });
    expect(await ask("eth_call", { to: payTo, data: "0x12345678" })).toMatchObject({ result: "0x" });
  });

  test("finds logs by token, topics and blocks, as nodes do", async () => {
    ledger.newestBlock();
    const [one, two] = [await pay(), await pay()];
    const [used, transferred] = [
      toEventSelector("AuthorizationUsed(address,bytes32)"),
      toEventSelector("Transfer(address,address,uint256)"),
    ];
    const all = { fromBlock: "earliest" };
    const found = async (filter: object) => {
      const { result } = Object(await ask("eth_getLogs", filter));
      return result.map((log: { transactionHash: Hex; topics: Hex[] }) => [log.transactionHash, log.topics[0]]);
    };
    const logsOf = ({ transaction }: { transaction: Hex }) => [
      [transaction, used],
      [transaction, transferred],
    ];
    const [oneUsed, twoUsed] = [logsOf(one)[0], logsOf(two)[0]];
    expect(await found(all)).toEqual([...logsOf(one), ...logsOf(two)]);
    expect(await found({})).toEqual(logsOf(two));
    expect(await found({ ...all, toBlock: numberToHex(one.number) })).toEqual(logsOf(one));
    expect(await found({ fromBlock: numberToHex(two.number), toBlock: numberToHex(one.number) })).toEqual([]);
    expect(await found({ blockHash: one.block.hash })).toEqual(logsOf(one));
    expect(await found({ ...all, address: token.address.toLowerCase() })).toHaveLength(4);
    expect(await found({ ...all, address: [payTo, token.address] })).toHaveLength(4);
    expect(await found({ ...all, address: payTo })).toEqual([]);
    expect(await found({ ...all, topics: [used] })).toEqual([oneUsed, twoUsed]);
    expect(await found({ ...all, topics: [[used, unknown], null, two.nonce] })).toEqual([twoUsed]);
    expect(await found({ ...all, topics: [[], null, [one.nonce, two.nonce]] })).toEqual([oneUsed, twoUsed]);
    expect(await found({ ...all, topics: [null, null, null, null] })).toEqual([]);
    expect(await client.getLogs({ address: token.address, fromBlock: 0n, toBlock: one.number })).toHaveLength(2);

    const code = async (filter: object) => Object(await ask("eth_getLogs", filter)).error.code;
    expect(await code({ ...all, toBlock: numberToHex(two.number + 1n) })).toBe(-32_001);
    expect(await code({ blockHash: unknown })).toBe(-32_001);
    expect(await code({ blockHash: one.block.hash, fromBlock: "0x0" })).toBe(-32_602);
  });

  test.each([
    ["eth_getBlockByNumber", ["latest"]],
    ["eth_getBlockByNumber", ["newest", false]],
    ["eth_getBlockByNumber", ["0x01", false]],
    ["eth_getBlockByNumber", [1, false]],
    ["eth_getBlockByNumber", ["latest", true]],
    ["eth_getBlockByHash", ["0x12", false]],
    ["eth_getTransactionReceipt", []],
    ["eth_call", [{ to: token.address }]],
    ["eth_call", [{ to: token.address, data: "0x1" }, "latest"]],
    ["eth_call", [{ to: token.address, data: "0x" }, "latest", {}]],
    ["eth_getLogs", []],
    ["eth_getLogs", [{ topics: ["0x12"] }]],
    ["eth_getLogs", [{ adress: token.address }]],
  ])("refuses %s with %j", async (method, params) => {
    expect(await ask(method, ...params)).toMatchObject({ id: 1, error: { code: -32_602 } });
  });

  test.each(["eth_sendRawTransaction", "eth_accounts", "constructor", ""])("does not have %j", async (method) => {
    expect(await ask(method)).toMatchObject({ id: 1, error: { code: -32_601 } });
  });
});

describe("a fault of lookups, for each call of a body", () => {
  const call = (id: number) => ({ jsonrpc: "2.0", id, method: "eth_chainId" });

  test("fails it", async () => {
    await setFault({ fail: "before", times: 2 });
    await expect(client.getChainId()).rejects.toThrow("Status: 500");
    await expect(post([call(1), call(2)])).resolves.toEqual({ error: expect.any(String) });
    expect(await client.getChainId()).toBe(chainId);
  });

  test("loses its answer", async () => {
    await setFault({ fail: "after", times: 2 });
    await expect(post(call(1))).rejects.toThrow("fetch failed");
    await expect(post([call(1), call(2)])).rejects.toThrow("fetch failed");
    expect(await client.getChainId()).toBe(chainId);
  });

  test("delays it", async () => {
    await setFault({ delayMs: 10_000 });
    const hasty = createPublicClient({ transport: http(`${server.url}/rpc`, { timeout: 50, retryCount: 0 }) });
    await expect(hasty.getChainId()).rejects.toThrow("took too long");
  });

  test("changes its answer, and that of no other", async () => {
    await setFault({ answer: { result: "0x1" }, times: 1 });
    expect(await post([call(1), call(2)])).toMatchObject([
      { id: 1, result: "0x1" },
      { id: 2, result: numberToHex(chainId) },
    ]);
    await setFault({ fail: "before", answer: { error: { code: -32_005, message: "limit exceeded" } }, times: 1 });
    expect(await post(call(3))).toEqual({ jsonrpc: "2.0", id: 3, error: { code: -32_005, message: "limit exceeded" } });
  });
});
