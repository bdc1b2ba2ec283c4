// The answer to a balancer's probe, and the one word for each change of it, with the reason and without a secret.
import { StoreError } from "@tollbooth-stores/core";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { expect, onTestFinished, test } from "vitest";
import type { Answer } from "./answer.ts";
import { type NotReady, readiness } from "./readiness.ts";

const full = new StoreError("STORE_CAPACITY", "The store is full.");
const shown = ({ status, body }: Answer) => [status, JSON.parse(new TextDecoder().decode(body))];
const unwritable = [503, { ready: false, checks: { stores: "unwritable" } }];
const ok = [200, { ready: true, checks: { stores: "ok" } }];

/** Stores of which `check` is replaced by what each turn gives, in order. */
function checking(...turns: (() => Promise<{ latencyMs: number }>)[]) {
  const told: (NotReady | undefined)[] = [];
  const check = () => (turns.shift() ?? good)();
  const ready = readiness({ check }, { withinMs: 1_000, changed: (why) => void told.push(why) });
  return { told, ready: async () => shown(await ready()) };
}
const good = async () => ({ latencyMs: 0 });
const failing = (error: unknown) => () => Promise.reject(error);

test("stores that take writes are ready, which is no news, and a failure is told once, as is its end", async () => {
  const { told, ready } = checking(good, failing(full), failing(full), good, good);
  expect([await ready(), await ready(), await ready()]).toEqual([ok, unwritable, unwritable]);
  expect(told).toEqual([{ code: "STORE_CAPACITY", message: "The store is full." }]);
  expect([await ready(), await ready()]).toEqual([ok, ok]);
  expect(told.slice(1)).toEqual([undefined]);
});

test("closed stores are not ready, and say so", async () => {
  const stores = createMemoryStores();
  const told: unknown[] = [];
  const ready = readiness(stores, { changed: (why) => void told.push(why?.code) });
  expect(shown(await ready())).toEqual(ok);
  await stores.close();
  expect(shown(await ready())).toEqual(unwritable);
  expect(told).toEqual(["STORE_CLOSED"]);
});

test("stores that do not answer in time are away, and a foreign error is told by its class alone", async () => {
  const told: unknown[] = [];
  const check = ({ signal }: { signal?: AbortSignal | undefined } = {}) =>
    new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  await readiness({ check }, { withinMs: 5, changed: (why) => void told.push(why) })();
  expect(told).toEqual([{ code: "STORE_UNAVAILABLE", message: "The stores did not answer within 5 ms." }]);
  const foreign = checking(failing(new TypeError("secret-host")));
  await foreign.ready();
  expect(foreign.told).toEqual([{ code: "OTHER", message: "The check failed with a TypeError." }]);
});

test("a slow check that ends after a later one says nothing new", async () => {
  let end = (_error: Error) => {};
  const slow = () => new Promise<never>((_, reject) => (end = reject));
  const { told, ready } = checking(slow, good);
  const first = ready();
  expect(await ready()).toEqual(ok);
  end(full);
  expect([await first, told]).toEqual([unwritable, []]);
});

test("a process that stops is not ready, and does not ask its stores", async () => {
  let asked = 0;
  let isStopping = false;
  const stores = createMemoryStores();
  onTestFinished(() => stores.close());
  const check = () => {
    asked += 1;
    return stores.check();
  };
  const ready = readiness({ check }, { stopping: () => isStopping });
  await ready();
  isStopping = true;
  expect(shown(await ready())).toEqual([503, { ready: false, checks: { stores: "stopping" } }]);
  expect(asked).toBe(1);
});

test("a time that is no duration is refused at once", () => {
  expect(() => readiness(createMemoryStores(), { withinMs: 0 })).toThrow(/withinMs/);
});
