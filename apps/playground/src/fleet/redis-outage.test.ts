// Shared state out of reach: the gateway on a real Redis that is frozen, killed and started again under it.

import { startRedis } from "@tollbooth-stores/redis-testkit";
import { buyer, testConfig } from "@tollbooth-stores/sandbox";
import { afterAll, describe, expect, test } from "vitest";
import { testSystem } from "../testing/test-system.ts";

const commandTimeoutMs = 500;
/** An answer takes two or three calls to the stores; a busy machine some more. */
const withinMs = 3 * commandTimeoutMs + 2_000;

const redis = await startRedis({ appendFsync: "always" });
afterAll(() => redis.stop());

const system = testSystem(
  testConfig.replace(
    "stores: { provider: memory }",
    `stores: { provider: ioredis, redis: { url: "${redis.url}", commandTimeoutMs: ${commandTimeoutMs} } }`,
  ),
);

async function signed() {
  const client = buyer(await system.payer());
  const payment = await client.sign(await client.priceOf(system.url("/quote")));
  return { headers: client.headersOf(payment) };
}

/** The answer, and that it did not take longer than the stores' deadlines allow. */
async function timed(headers: Record<string, string>): Promise<Response> {
  const started = performance.now();
  const response = await fetch(system.url("/quote"), { headers });
  expect(performance.now() - started).toBeLessThan(withinMs);
  return response;
}

async function untilReady(): Promise<void> {
  const patience = performance.now() + 20_000;
  while ((await fetch(system.url("/readyz"))).status !== 200) {
    if (performance.now() > patience) throw new Error("The gateway did not become ready again.");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe("a gateway whose Redis goes away", () => {
  test("while a payment is being verified: it is served once, and settled once, when Redis is back", async () => {
    const { headers } = await signed();
    const counted = system.counts();
    await system.fault({ on: "verify", delayMs: 500 });
    const answer = fetch(system.url("/quote"), { headers });
    await expect.poll(() => system.counts().verifies).toBe(counted.verifies + 1);
    await redis.kill("SIGKILL");
    // Until the verifier has answered, and what follows has waited for Redis for as long as one command may.
    await new Promise((resolve) => setTimeout(resolve, 500 + 2 * commandTimeoutMs));
    await redis.restart();
    const { status } = await answer;
    await untilReady();
    if (status === 503) expect((await fetch(system.url("/quote"), { headers })).status).toBe(200);
    else expect(status).toBe(200);
    const { verifies, ...done } = system.counts();
    expect(done).toEqual({ runs: counted.runs + 1, transfers: counted.transfers + 1 });
    // A verification that could not be followed by the limit by payer is made again.
    expect(verifies - counted.verifies).toBeLessThanOrEqual(2);
  });

  test.each([
    { fault: "is killed", down: () => redis.kill("SIGKILL"), up: () => redis.restart() },
    { fault: "hangs", down: () => redis.kill("SIGSTOP"), up: () => redis.kill("SIGCONT") },
  ])("answers 503 in time while Redis $fault, charges nothing, and goes on without a restart", async ({ down, up }) => {
    const pid = system.running().instances.list()[0]?.pid;
    const [before, during] = [await signed(), await signed()];
    expect((await fetch(system.url("/quote"), { headers: before.headers })).status).toBe(200);
    const counted = system.counts();

    await down();
    const refused = await timed(during.headers);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(await refused.json()).toMatchObject({ error: "store_unavailable" });
    expect((await timed(before.headers)).status).toBe(503);
    expect((await fetch(system.url("/healthz"))).status).toBe(200);
    expect((await fetch(system.url("/readyz"))).status).toBe(503);
    expect(system.counts()).toEqual(counted);

    await up();
    await untilReady();
    expect((await fetch(system.url("/quote"), { headers: during.headers })).status).toBe(200);
    // What was paid for before the outage is remembered through it.
    expect((await fetch(system.url("/quote"), { headers: before.headers })).status).toBe(409);
    expect(system.counts()).toEqual({
      verifies: counted.verifies + 1,
      runs: counted.runs + 1,
      transfers: counted.transfers + 1,
    });
    expect(system.running().instances.list()[0]?.pid).toBe(pid);
  });
});
