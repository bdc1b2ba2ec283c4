// Readiness may be asked by anybody: the facilitator is asked once in a while.
import { testConfig } from "@tollbooth-stores/sandbox";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listen } from "../process/listen.ts";
import { inProcessGateway } from "../testing/in-process-gateway.ts";
import { readiness } from "./readiness.ts";

const running = inProcessGateway(testConfig);
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout"] }));
afterEach(() => void vi.useRealTimers());

test("many requests at once and one after the other are one call; it is asked again after some seconds", async () => {
  const { config, stores } = running();
  let asked = 0;
  let status = 200;
  const remote = await listen(() => {
    asked += 1;
    return new Response("{}", { status });
  }, 0);
  const ready = readiness({ ...config, facilitator: { url: remote.url, timeoutMs: 1_000 } }, stores);
  const answers = await Promise.all(Array.from({ length: 20 }, ready));
  expect(new Set(answers.map((one) => one.ready))).toEqual(new Set([true]));
  for (let time = 0; time < 20; time += 1) await ready();
  expect(asked).toBe(1);
  status = 500;
  vi.advanceTimersByTime(3_000);
  expect((await ready()).checks).toEqual({ stores: "ok", facilitator: "unreachable" });
  expect(asked).toBe(2);
  // What the stores say is never old.
  await stores.close();
  expect((await ready()).checks).toMatchObject({ stores: "unreachable" });
  vi.useRealTimers();
  await remote.stop(100);
});
