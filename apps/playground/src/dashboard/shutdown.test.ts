// The program with a dashboard open: a bare start has one, and it does not hold up the end.
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { testConfig } from "@tollbooth-stores/sandbox";
import { afterEach, expect, test } from "vitest";
import { allGone, type MainRun, runMain } from "../testing/run-main.ts";

let run: MainRun | undefined;
afterEach(async () => {
  await run?.dispose();
});

async function openEvents(gateway: string): Promise<{ response: IncomingMessage; ended: Promise<unknown> }> {
  const [response]: IncomingMessage[] = await once(get(`${gateway}/dashboard/events`), "response");
  if (response === undefined) throw new Error("There is no answer.");
  await once(response, "data");
  response.resume();
  return { response, ended: once(response, "end") };
}

test("one instance on memory has a dashboard, too; at the end its events end and nothing is left", async () => {
  run = runMain(testConfig);
  const { gateway, pids } = await run.started;
  const page = await fetch(gateway, { headers: { accept: "text/html" } });
  expect(await page.text()).toContain("/dashboard/main.js");
  const { response, ended } = await openEvents(gateway);
  expect(response.statusCode).toBe(200);
  const before = performance.now();
  run.child.kill("SIGTERM");
  await ended;
  expect(await run.exited).toEqual({ code: 0, signal: null });
  // Far less than the ten seconds that requests in flight would be given.
  expect(performance.now() - before).toBeLessThan(8_000);
  await allGone(pids, 1_000);
});

test("stopped in the middle of a comparison it ends with 0, having stopped it", async () => {
  run = runMain(testConfig);
  const { gateway, dashboard, pids } = await run.started;
  const started = await fetch(`${gateway}/dashboard/actions/compare`, {
    method: "POST",
    headers: { "x-dashboard-key": dashboard.split("#key=").at(-1) ?? "" },
    body: '{"order":"start"}',
  });
  expect(started.status).toBe(200);
  run.child.kill("SIGTERM");
  // It waits for every process of the comparison: its own exit comes after theirs.
  expect(await run.exited).toEqual({ code: 0, signal: null });
  await allGone(pids, 1_000);
});
