// Clients that go away in the middle: nothing is logged as a failure of ours, and nothing is charged without being owed.
import { request } from "node:http";
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { logLines } from "./testing/log-lines.ts";
import { testSystem } from "./testing/test-system.ts";

const { log, errors } = logLines();
const system = testSystem(testConfig, log);

/** Sends a request and leaves as soon as `leave` resolves. */
async function leaving(
  path: string,
  init: { method?: string; headers: Record<string, string>; body?: string },
  leave: () => Promise<void>,
) {
  const sent = request(system.url(path), { method: init.method ?? "GET", headers: init.headers, agent: false });
  sent.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => void sent.on("close", resolve));
  if (init.body === undefined) sent.end();
  else sent.write(init.body);
  await leave();
  sent.destroy();
  await closed;
}

const until = async (happened: () => boolean) => expect.poll(happened, { timeout: 10_000, interval: 20 }).toBe(true);
/** What was sent before has come by then. */
const heard = async () => void (await fetch(system.url("/healthz")));

test("in the middle of a body, with its length told or not", async () => {
  const { payload } = await makePayment(await system.payer(), { value: "20000" });
  for (const length of [{ "content-length": "100" }, { "transfer-encoding": "chunked" }]) {
    const headers = { ...paymentHeader(payload), ...length };
    await leaving("/order", { method: "POST", headers, body: "half" }, heard);
  }
  await heard();
  expect(errors()).toEqual([]);
});

test("while the upstream works: nothing is charged, and the same payment is taken later", async () => {
  const { payload, authorization } = await makePayment(await system.payer());
  const headers = paymentHeader(payload);
  const { runs } = system.counts();
  await system.upstream({ delayMs: 1_000 });
  await leaving("/quote", { headers }, () => until(() => system.counts().runs === runs + 1));
  await system.upstream({});
  const later = await fetch(system.url("/quote"), { headers });
  expect(later.status).toBe(200);
  const transfers = system.logged("ledger", "transfer").filter(({ from }) => from === authorization.from);
  expect(transfers).toHaveLength(1);
  expect(errors()).toEqual([]);
});

test("while it is settled: it is charged, so it is owed, and the payer who asks again gets it without another run", async () => {
  const { payload, authorization } = await makePayment(await system.payer());
  const headers = paymentHeader(payload);
  const settles = () =>
    system.logged("facilitator", "settle").filter(({ payer }) => payer === authorization.from).length;
  const { runs } = system.counts();
  await system.fault({ on: "settle", delayMs: 1_000, times: 1 });
  await leaving("/quote", { headers }, () => until(() => settles() === 1));
  const later = await fetch(system.url("/quote"), { headers });
  expect(later.status).toBe(200);
  expect(await later.json()).toMatchObject({ path: "/quote" });
  expect(system.counts().runs).toBe(runs + 1);
  expect(settles()).toBe(1);
  expect(errors()).toEqual([]);
});
