// The heartbeat that notices a machine standing still.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { watchStalls } from "./stalls.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-stalls-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("tells the longest time that nothing went on", async () => {
  const stalls = watchStalls(join(folder, "heartbeat"));
  const until = performance.now() + 700;
  while (performance.now() < until);
  expect(stalls.longestMs()).toBeGreaterThanOrEqual(490);
  await stalls.stop();
  await stalls.stop();
});

test("a file that cannot be written stops nothing", async () => {
  const stalls = watchStalls(join(folder, "missing", "heartbeat"));
  await stalls.stop();
});
