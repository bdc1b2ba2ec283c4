// What a payer can have made before anything is paid for: a few answers, and none where the route settles first.
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { gatewayApp } from "./app.ts";
import { inProcessGateway } from "./testing/in-process-gateway.ts";

const running = inProcessGateway(
  testConfig
    .replace("unsettled: 1000", "unsettled: 2")
    .replace("path: /report, kind: per-request", "path: /report, kind: per-request, order: settle-then-serve"),
);
/** Three leases, the upstream's timeout and five of the facilitator's, as `limits.ts` has it. */
const longestAttemptMs = 60_000;
const payments = (count: number, payer = running().payer) =>
  Promise.all(Array.from({ length: count }, async () => paymentHeader((await makePayment(payer)).payload)));
const statuses = (answers: Response[]) => answers.map(({ status }) => status);

test("30 payments at once from a balance for one: a few runs, not thirty, for one transfer", async () => {
  const { clock, controls, gateway, ledger } = running();
  const ask = await gateway();
  const poor = privateKeyToAccount(generatePrivateKey());
  ledger.mint([poor.address], 16_000n);
  await controls.upstream({ delayMs: 300 });
  const all = await payments(30, poor);
  const first = await Promise.all(all.map((headers) => ask("/quote", headers)));
  expect(statuses(first).filter((status) => status === 200)).toHaveLength(1);
  expect(new Set(statuses(first))).toEqual(new Set([200, 402, 503]));
  const refused = first.find(({ status }) => status === 503);
  expect(refused?.headers.get("retry-after")).toBe("1");
  expect(await refused?.json()).toMatchObject({ error: "too_many_unsettled" });
  // Sent again as they were told to, the others find no money, and no upstream either: they were never accepted.
  const { runs } = controls.counts();
  for (let round = 0; round < 3; round += 1) {
    clock.advance(longestAttemptMs);
    const again = await Promise.all(all.map((headers) => ask("/quote", headers)));
    expect(statuses(again)).not.toContain(200);
  }
  expect(controls.counts().runs).toBe(runs);
  expect(controls.counts().transfers).toBe(1);
  expect(controls.counts().runs).toBeLessThanOrEqual(3);
});

test("what is paid for gives its place back, and so does what the upstream did not deliver", async () => {
  const { controls, gateway } = running();
  const ask = await gateway();
  for (const headers of await payments(5)) expect((await ask("/quote", headers)).status).toBe(200);
  await controls.upstream({ fail: true });
  for (const headers of await payments(5)) expect((await ask("/quote", headers)).status).toBe(502);
});

test("what stays in doubt holds its place for a while, not for ever", async () => {
  const { clock, controls, gateway } = running();
  const ask = await gateway();
  const [one = {}, other = {}, third = {}] = await payments(3);
  await controls.fault({ on: "settle", fail: "before" });
  expect(statuses([await ask("/quote", one), await ask("/quote", other)])).toEqual([503, 503]);
  await controls.reset();
  expect(await (await ask("/quote", third)).json()).toMatchObject({ error: "too_many_unsettled" });
  clock.advance(longestAttemptMs);
  expect((await ask("/quote", third)).status).toBe(200);
  // Nor does it need a place to become known.
  expect(statuses([await ask("/quote", one), await ask("/quote", other)])).toEqual([200, 200]);
});

test("a client that leaves before it pays has no more made than that, however often it sends the same payment", async () => {
  const { controls, config, stores } = running();
  const app = await gatewayApp({ config, stores, stopping: () => false });
  const env = { incoming: { socket: { remoteAddress: "10.0.0.1", localPort: 4021 } } };
  const [headers = {}] = await payments(1);
  await controls.upstream({ delayMs: 60_000 });
  for (let time = 0; time < 6; time += 1) {
    const { runs } = controls.counts();
    const leave = new AbortController();
    const answer = app.request("/quote", { headers, signal: leave.signal }, env);
    const ended = Promise.resolve(answer).then(
      ({ status }) => status,
      () => "left",
    );
    await expect
      .poll(async () => controls.counts().runs > runs || (await Promise.race([ended, false])) !== false)
      .toBe(true);
    leave.abort();
    await ended;
  }
  expect(controls.counts().runs).toBe(2);
});

test("a route that settles first needs no place", async () => {
  const { controls, gateway } = running();
  const ask = await gateway();
  await controls.upstream({ delayMs: 200 });
  const answers = await Promise.all((await payments(8)).map((headers) => ask("/report", headers)));
  expect(new Set(statuses(answers))).toEqual(new Set([200]));
});
