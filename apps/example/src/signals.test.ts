// The gateway's process and its signals: however many tell it to stop, the request in flight is answered.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePayment, paymentHeader, sandboxControls, testConfig } from "@tollbooth-stores/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { startGatewayProcess } from "./testing/gateway-process.ts";
import { startSandbox } from "./testing/start-sandbox.ts";

test("a second SIGTERM cuts off no payment that is being settled", async () => {
  const sandbox = await startSandbox();
  const folder = mkdtempSync(join(tmpdir(), "tollbooth-signals-"));
  onTestFinished(async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, `${testConfig}port: 0\n`);
  const gateway = await startGatewayProcess(file, sandbox.env);
  onTestFinished(() => gateway.kill());
  const controls = sandboxControls(() => sandbox);
  await controls.fault({ on: "settle", delayMs: 1_000 });
  const headers = paymentHeader((await makePayment(await controls.payer())).payload);
  const answered = fetch(`${gateway.url}/quote`, { headers });
  await expect.poll(() => controls.logged("facilitator", "settle").length, { timeout: 10_000 }).toBe(1);

  const stopped = gateway.stop();
  // Signals of one kind that were not delivered yet count as one.
  await expect.poll(() => gateway.printed(), { timeout: 10_000 }).toContain('"msg":"stopping"');
  await Promise.all([stopped, gateway.stop(), answered]);
  expect((await answered).status).toBe(200);
  expect(gateway.printed()).toContain('"msg":"stopped"');
  expect(controls.counts().transfers).toBe(1);
});
