// `npm start` whose npm gets SIGINT alone, or is killed with -9: nothing that it started is left behind.
import { test } from "vitest";
import { startedByNpm } from "./testing/npm-start.ts";
import { allGone } from "./testing/run-main.ts";

test.each(["SIGINT", "SIGKILL"] as const)("npm gets %s alone: everything that it started ends", async (signal) => {
  const { child, group } = await startedByNpm();
  child.kill(signal);
  await allGone([group], 10_000);
});
