// A handler runs once in a call, whatever becomes of its lease.
import { expect, test } from "vitest";
import { AlreadyRan, handlerRun } from "./handler-run.ts";
import { handler } from "./paid-routes.test-support.ts";

test("a handler whose lease was lost does not run a second time", async () => {
  const serve = handler();
  const run = handlerRun(serve, { key: "k", payer: undefined }, undefined);
  const step = { signal: new AbortController().signal, fence: "1" };
  await run.serve(step);
  await expect(run.serve(step)).rejects.toBeInstanceOf(AlreadyRan);
  expect(serve).toHaveBeenCalledTimes(1);
});
