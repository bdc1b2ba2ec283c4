// Two processes that share one Redis sell as one: copies over both, a process killed while it settles, and no Redis.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openShop, type Shop } from "./paid-routes.test-support.ts";

interface Instance {
  readonly child: ChildProcess;
  /** What its handler made. */
  readonly made: string[];
  ask(headers: Record<string, string>): Promise<Response>;
}

let shop: Shop;
let redis: RunningRedis;
let instances: [Instance, Instance];

beforeEach(async () => {
  [shop, redis] = await Promise.all([openShop(), startRedis()]);
  instances = await Promise.all([start(), start()]);
});
afterEach(async () => {
  for (const { child } of instances) child.kill("SIGKILL");
  await Promise.all([shop.close(), redis.stop()]);
});

async function start(): Promise<Instance> {
  const child = fork(fileURLToPath(new URL("./shop-process.test-support.ts", import.meta.url)), {
    env: { ...process.env, REDIS_URL: redis.url, FACILITATOR_URL: shop.facilitator.url, CHAIN_URL: shop.chainUrl },
    execArgv: [],
  });
  const [address] = await once(child, "message");
  const made: string[] = [];
  child.on("message", (message) => made.push(String(Object(message).made)));
  return { child, made, ask: (headers) => fetch(`http://127.0.0.1:${Object(address).port}/quote`, { headers }) };
}

const payment = async () => ({
  ...paymentHeader((await makePayment(await shop.controls.payer())).payload),
  "idempotency-key": "mine",
});
const madeByAll = () => instances.flatMap(({ made }) => made);
const settles = () => shop.controls.logged("facilitator", "settle").length;

test("20 copies over both: one verify, one run, one settle, and 20 times the same answer", async () => {
  const headers = await payment();
  const answers = await Promise.all(Array.from({ length: 10 }, () => instances.map(({ ask }) => ask(headers))).flat());
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())));
  expect([...bodies]).toEqual(madeByAll());
  expect(new Set(answers.map((answer) => answer.headers.get("content-type")))).toEqual(new Set(["text/plain"]));
  const { verifies, transfers } = shop.controls.counts();
  expect({ verifies, transfers, settles: settles() }).toEqual({ verifies: 1, transfers: 1, settles: 1 });
});

test("a process killed while it settles: the other one hands out what it had made, for one transfer", async () => {
  const [first, second] = instances;
  const headers = await payment();
  await shop.controls.fault({ on: "settle", delayMs: 500, times: 1 });
  const lost = first.ask(headers);
  lost.catch(() => undefined);
  await expect.poll(settles).toBe(1);
  first.child.kill("SIGKILL");
  await expect(lost).rejects.toThrow();
  await expect.poll(async () => (await second.ask(headers)).status, { timeout: 15_000 }).toBe(200);
  const again = await second.ask(headers);
  expect(await again.text()).toBe(first.made[0]);
  expect(madeByAll()).toHaveLength(1);
  expect(shop.controls.counts().transfers).toBe(1);
});

test("without Redis every paid request is 503 with Retry-After: nothing is verified, made or settled", async () => {
  const headers = await payment();
  redis.kill("SIGKILL");
  for (const { ask } of instances) {
    const answer = await ask(headers);
    expect([answer.status, Object(await answer.json()).error]).toEqual([503, "store_unavailable"]);
    expect(answer.headers.get("retry-after")).toBe("1");
  }
  expect([madeByAll().length, shop.controls.counts().verifies, settles()]).toEqual([0, 0, 0]);
});
