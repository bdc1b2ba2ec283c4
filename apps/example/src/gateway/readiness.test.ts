// Readiness may be asked by anybody: the facilitator is asked once in a while, the stores whether they take writes.
import { StoreError } from "@tollbooth-stores/core";
import { testConfig } from "@tollbooth-stores/sandbox";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listen } from "../listen.ts";
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
  expect((await ready()).checks).toMatchObject({ stores: "unwritable" });
  vi.useRealTimers();
  await remote.stop(100);
});

test("stores that answer and take no writes are not ready; the reason is logged once, and again after it had gone", async () => {
  const { config, stores } = running();
  let failure: StoreError | undefined;
  let asked = 0;
  const refusing = {
    ...stores,
    async check() {
      asked += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (failure !== undefined) throw failure;
      return { latencyMs: 0 };
    },
  };
  const lines: string[] = [];
  const ready = readiness(config, refusing, (line) => lines.push(line));
  const storesOf = async () => (await ready()).checks.stores;
  expect(await Promise.all([storesOf(), storesOf(), storesOf()])).toEqual(["ok", "ok", "ok"]);
  expect(asked, "one call for those who ask at once").toBe(1);
  const full = new StoreError("STORE_CAPACITY", "The memory store is full.");
  const replica = new StoreError("STORE_UNAVAILABLE", "This Redis is a read-only replica.");
  for (const [reason, word] of [
    [replica, "unwritable"],
    [replica, "unwritable"],
    [full, "full"],
    [undefined, "ok"],
    [full, "full"],
  ] as const) {
    failure = reason;
    expect(await storesOf()).toBe(word);
  }
  const told = (reason: string) => `gateway: not ready, its stores take no writes: ${reason}`;
  expect(lines).toEqual([told(replica.message), told(full.message), told(full.message)]);
});
