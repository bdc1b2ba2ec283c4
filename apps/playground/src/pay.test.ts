// `npm run pay` against the example as `npm start` runs it: the whole tour, on the configuration that comes along.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readLog } from "@tollbooth-stores/sandbox";
import { afterEach, expect, test } from "vitest";
import { exampleOn } from "./testing/example-on.ts";
import { type MainRun, runMain } from "./testing/run-main.ts";
import { programs } from "./testing/test-system.ts";

const run = promisify(execFile);
const pay = fileURLToPath(new URL("pay.js", programs));
const config = exampleOn("memory");

let main: MainRun | undefined;
afterEach(() => main?.dispose());

test("the buyer's tour ends as it should, with every step printed", async () => {
  main = runMain(config);
  const { gateway } = await main.started;
  const { stdout } = await run(process.execPath, [pay, "--url", gateway]);
  expect(stdout.match(/^\d+\. /gm)).toHaveLength(10);
  expect(stdout).toMatch(/Send the same payment again[\s\S]*409/);
  expect(stdout).toMatch(/request \d+ +429/);
  expect(stdout.trimEnd()).toMatch(/Done: every step went as it should\.$/);
});

test("a payment in doubt is sent again until it is answered, and is charged once", async () => {
  main = runMain(config.replace(/(FACILITATOR_URL\}", timeout: )5s/, "$11s"));
  const { gateway, ledger } = await main.started;
  const fault = JSON.stringify({ on: "settle", delayMs: 2_500, times: 1 });
  const headers = { "content-type": "application/json" };
  expect((await fetch(`${ledger}/admin/faults`, { method: "POST", headers, body: fault })).status).toBeLessThan(300);
  const { stdout } = await run(process.execPath, [pay, "--url", gateway]);
  const [, step = ""] = /Ask again with the payment: [^\n]*\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
  expect(step).toMatch(/^ +answer +503 .*\n +not known yet +the same payment again in \d+ s\n/);
  expect(step).toMatch(/\n +answer +200 .*\n +settled by +0x[0-9a-f]+$/);
  expect(stdout.trimEnd()).toMatch(/Done: every step went as it should\.$/);
  // One quote, one session of time and its prolongation, one of calls.
  const transfers = readLog(join(main.logDirectory, "ledger.jsonl")).filter(({ kind }) => kind === "transfer");
  expect(transfers).toHaveLength(4);
});

test("--help lists the options on stdout, sends nothing, and ends with 0", async () => {
  const { stdout, stderr } = await run(process.execPath, [pay, "--help"]);
  expect([stdout, stderr]).toEqual(["Options: --url <value>, --payer <value>.\n", ""]);
});

test("the buyer says so, and fails, where there is no gateway", async () => {
  const failed = run(process.execPath, [pay, "--url", "http://127.0.0.1:9"]);
  await expect(failed).rejects.toMatchObject({ code: expect.any(Number), stderr: expect.stringMatching(/\S/) });
});
