// Payments that nobody asks about again: looked into by a timer, and told in the log by their handles.
import { resolvePayment } from "@tollbooth-stores/core";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { inProcessGateway } from "../testing/in-process-gateway.ts";
import { watchOpenPayments } from "./open-payments.ts";

const running = inProcessGateway();
const lines: string[] = [];
let end: () => Promise<void> = async () => undefined;
beforeEach(() => {
  lines.length = 0;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await end();
});

function watch(): void {
  const { config, stores } = running();
  end = watchOpenPayments(config, stores, (line) => lines.push(line));
}

async function kinds(): Promise<string[]> {
  const found: string[] = [];
  for await (const { kind } of running().stores.verifications.unresolved()) found.push(kind);
  return found;
}

async function inDoubt(fail: "before" | "after") {
  const { payer, controls, gateway } = running();
  const headers = paymentHeader((await makePayment(payer)).payload);
  const ask = await gateway();
  await controls.fault({ on: "settle", fail, times: 1 });
  expect((await ask("/quote", headers)).status).toBe(503);
  return () => ask("/quote", headers);
}

test("what settled becomes owed, at the start and every minute, and its payer gets it", async () => {
  const first = await inDoubt("after");
  watch();
  await expect.poll(kinds).toEqual(["owed"]);
  const second = await inDoubt("after");
  expect(await kinds()).toContain("in-doubt");
  vi.advanceTimersByTime(60_000);
  await expect.poll(kinds).toEqual(["owed", "owed"]);
  expect([(await first()).status, (await second()).status]).toEqual([200, 200]);
  expect(await kinds()).toEqual([]);
  expect(running().controls.counts()).toMatchObject({ runs: 2, transfers: 2 });
  await expect.poll(() => lines).toContain("gateway: open payments: settled 1");
});

test("what never settled ends once its time is over, and stays in doubt before", async () => {
  const ask = await inDoubt("before");
  watch();
  await expect.poll(() => lines).toContain("gateway: open payments: inDoubt 1");
  vi.setSystemTime(Date.now() + 200_000);
  vi.advanceTimersByTime(60_000);
  await expect.poll(kinds).toEqual([]);
  expect((await ask()).status).toBe(402);
});

test("each one is a line with the handle by which it can be resolved", async () => {
  watch();
  await running().controls.fault({ on: "lookup", fail: "before" });
  const ask = await inDoubt("before");
  const line = lines.find((one) => one.includes("in-doubt")) ?? "";
  const handle = /handle (\S+)$/.exec(line)?.[1] ?? "";
  const { verifications } = running().stores;
  expect(await resolvePayment(verifications, { handle }, { receipt: "0xabc" })).toEqual({ status: "ok" });
  const answer = await ask();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("payment-response")).not.toBeNull();
});

test("ended, it does nothing any more, and waits for what it had begun", async () => {
  await inDoubt("after");
  watch();
  await end();
  const found = await kinds();
  vi.advanceTimersByTime(600_000);
  await inDoubt("before");
  expect(lines.filter((line) => line.includes("payment in-doubt"))).toEqual([]);
  expect(await kinds()).toEqual(expect.arrayContaining(found));
});
