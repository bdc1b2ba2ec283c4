// A running gateway's /metrics and its log count a sale, a replay and a refusal. Neither holds a secret.
import { readFileSync } from "node:fs";
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { logLines } from "./testing/log-lines.ts";
import { testSystem } from "./testing/test-system.ts";

const { log, lines } = logLines();
const system = testSystem(`${testConfig}\nmetrics: { port: 0 }\n`, log);

const scraped = async () => (await fetch(system.metricsUrl())).text();

test("a sale and a replay are in the metrics and in the log, by the payment's handle in the log alone", async () => {
  const { payload, authorization } = await makePayment(await system.payer());
  const headers = { ...paymentHeader(payload), authorization: "Bearer secret-token", "idempotency-key": "secret-key" };
  const ask = (more: object) => fetch(system.url("/quote?q=secret-query"), { headers: { ...headers, ...more } });
  const answers = [await ask({}), await ask({}), await ask({ "idempotency-key": "another" })];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 409]);
  await fetch(system.url("/secret-path"));
  const text = await scraped();
  for (const [outcome, count] of Object.entries({ paid: 1, kept: 1, conflict: 1 })) {
    expect(text).toContain(`tollbooth_payment_duration_count{tollbooth_outcome="${outcome}"} ${count}`);
  }
  expect(text).toContain('tollbooth_payment_replays_refused_total{tollbooth_outcome="conflict"} 1');
  expect(text).toMatch(
    /^tollbooth_operation_duration_bucket\{.*tollbooth_operation_name="consume".*le="0.001"\} \d+$/m,
  );
  const requests = lines.filter(({ msg }) => msg === "request");
  const line = { level: "info", msg: "request", method: "GET", ms: expect.any(Number) };
  const quote = { ...line, route: "/quote", payment: expect.stringMatching(/^[\w-]{43}$/) };
  expect(requests).toEqual([
    { ...quote, status: 200 },
    { ...quote, status: 200 },
    { ...quote, status: 409 },
    { ...line, route: "none", status: 404 },
  ]);
  expect(new Set(requests.map(({ payment }) => payment)).size, "one payment, and none").toBe(2);
  const told = text + JSON.stringify(lines);
  const { signature } = payload.payload;
  for (const hidden of ["secret", authorization.from, authorization.nonce, signature]) {
    expect(told.toLowerCase()).not.toContain(String(hidden).toLowerCase());
  }
  expect(text).not.toContain(requests[0]?.payment);
});

test("a sale makes a few hundred series, as the README of packages/otel says", async () => {
  const series = (await scraped()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const page = readFileSync(new URL("../../../packages/otel/README.md", import.meta.url), "utf8");
  const [, most] = /The example on memory has fewer than (\d+) series after its first sale/.exec(page) ?? [];
  expect(series.length).toBeLessThan(Number(most));
  expect(series.length).toBeGreaterThan(Number(most) / 2);
});

test("the start is a line that says where, and the payments in doubt are sampled from then on", async () => {
  expect(lines.find(({ msg }) => msg === "listening")).toEqual({
    ...{ level: "info", msg: "listening", url: system.url(), metrics: system.metricsUrl() },
    provider: expect.any(String),
  });
  await expect.poll(scraped).toContain('tollbooth_payment_unresolved_count{tollbooth_payment_kind="in-doubt"} 0');
});

test("metrics are not on the port for buyers, and nothing else is on theirs", async () => {
  expect((await fetch(system.url("/metrics"))).status).toBe(404);
  expect((await fetch(new URL("/quote", system.metricsUrl()))).status).toBe(404);
});
