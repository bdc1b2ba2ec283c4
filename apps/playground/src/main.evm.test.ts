// The example on a real EVM, as a user runs it: a payment, and a chain that is there again.
import { buyer, demoAccount, payerLabel, readLog, testConfig } from "@tollbooth-stores/sandbox";
import { openEvmLedger } from "@tollbooth-stores/sandbox/evm";
import { expect, test } from "vitest";
import { anvilOf } from "./testing/anvil-of.ts";
import { allGone, mainForEachTest } from "./testing/run-main.ts";

const main = mainForEachTest();
test("takes a payment that the chain has in a block, and ends with 0 on Ctrl-C, the chain written", async () => {
  const run = main(testConfig, ["--port", "0", "--chain", "evm"]);
  const { gateway, pids } = await run.started;
  expect(run.output()).toMatch(/Ledger +\S+ +\(pid \d+; on a local EVM: no real money moves\)/);
  const client = buyer(demoAccount(payerLabel(0)));
  const headers = client.headersOf(await client.sign(await client.priceOf(`${gateway}/quote`)));
  const ask = () => fetch(`${gateway}/quote`, { headers });
  expect((await ask()).status).toBe(200);
  expect((await ask()).status).toBe(409);
  const anvil = anvilOf(pids[1]);
  process.kill(-(run.child.pid ?? 0), "SIGINT");
  expect(await run.exited).toEqual({ code: 0, signal: null });
  await allGone([...pids, anvil], 1_000);
  const chain = await openEvmLedger(run.logDirectory);
  const transfers = await chain.transfers();
  expect(transfers).toMatchObject([{ from: client.account.address, value: "10000" }]);
  expect(readLog(`${run.logDirectory}/ledger.jsonl`)).toMatchObject(transfers);
  await chain.close();
});
