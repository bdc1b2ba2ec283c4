// The example on a real EVM, ended otherwise than by Ctrl-C: the chain by itself, or all of it by kill -9.
import { testConfig } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { anvilOf } from "./testing/anvil-of.ts";
import { allGone, mainForEachTest } from "./testing/run-main.ts";

const main = mainForEachTest();
const start = () => main(testConfig, ["--port", "0", "--chain", "evm"]);

test("stops everything and ends with 1 when the chain ends by itself", async () => {
  const run = start();
  const { pids } = await run.started;
  const anvil = anvilOf(pids[1]);
  process.kill(anvil, "SIGKILL");
  expect(await run.exited).toEqual({ code: 1, signal: null });
  expect(run.output()).toContain("The EVM ended by itself.\nEVM ledger ended by itself; stopping the others.\n");
  await allGone([...pids, anvil], 1_000);
});

test("leaves no chain when it is killed outright", async () => {
  const run = start();
  const { pids } = await run.started;
  const anvil = anvilOf(pids[1]);
  run.child.kill("SIGKILL");
  await run.exited;
  await allGone([...pids, anvil], 15_000);
});
