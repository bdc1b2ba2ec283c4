// `npm run pay` against the example as `npm start` runs it: the whole tour, on the configuration that comes along.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { type MainRun, runMain } from "./testing/run-main.ts";
import { programs } from "./testing/test-system.ts";

const run = promisify(execFile);
const pay = fileURLToPath(new URL("pay.js", programs));
const config = readFileSync(new URL("../config/memory.yaml", import.meta.url), "utf8");

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

test("the buyer says so, and fails, where there is no gateway", async () => {
  const failed = run(process.execPath, [pay, "--url", "http://127.0.0.1:9"]);
  await expect(failed).rejects.toMatchObject({ code: expect.any(Number), stderr: expect.stringMatching(/\S/) });
});
