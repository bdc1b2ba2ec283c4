// Waiting for what the logs will say.
import { expect, test } from "vitest";
import type { LaneLogs } from "./lane-logs.ts";
import { logWatch } from "./log-watch.ts";

const never = new AbortController().signal;
const runs: LaneLogs["runs"][number][] = [];
const run = (request: string) => void runs.push({ at: 0, request, paidBy: "-", instance: "gateway-1/1" });

test("each waiter gets its line once it is there, and without waiters nothing is read", async () => {
  let reads = 0;
  const watch = logWatch(() => {
    reads += 1;
    return { runs, calls: [], transfers: [] };
  });
  const seen: string[] = [];
  const wait = (request: string) =>
    watch
      .until((logs) => logs.runs.find((one) => one.request === request), never)
      .then((found) => seen.push(found.request));
  const both = [wait("b"), wait("a")];
  run("a");
  await both[1];
  expect(seen).toEqual(["a"]);
  run("b");
  await both[0];
  const afterwards = reads;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(reads).toBeLessThanOrEqual(afterwards + 1);
  await wait("a");
  expect(seen).toEqual(["a", "b", "a"]);
});

test("a wait ends with the reason of its signal, also where that is there before", async () => {
  const watch = logWatch(() => ({ runs: [], calls: [], transfers: [] }));
  const stop = new AbortController();
  const waiting = watch.until(() => undefined, stop.signal);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(watch.until(() => 1, stop.signal)).rejects.toThrow("enough");
});
