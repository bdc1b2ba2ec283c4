// An answer whose stream breaks in one process, behind the real gate over Redis: not charged, and served whole by the other process at the
// next try of the same payment.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { makePayment, openSandboxLedger, paymentHeader, sandboxControls } from "@tollbooth-stores/sandbox";
import { afterAll, expect, onTestFinished, test } from "vitest";

const logDirectory = mkdtempSync(join(tmpdir(), "tollbooth-streams-"));
const ledger = openSandboxLedger(logDirectory);
const sandbox = createServer(getRequestListener(ledger.fetch, { overrideGlobalObjects: false }));
await new Promise<void>((resolve) => sandbox.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(sandbox.address() as AddressInfo).port}`;
const controls = sandboxControls(() => ({ ledger: { url }, upstream: { url }, logDirectory }));
const redis = await startRedis();
afterAll(async () => {
  await redis.stop();
  sandbox.closeAllConnections();
  sandbox.close();
  ledger.close();
  rmSync(logDirectory, { recursive: true });
});

/** An instance in a process of its own. */
async function startShop(framework: string, isBroken: boolean): Promise<string> {
  const ours = { FRAMEWORK: framework, BROKEN: isBroken ? "yes" : "no", REDIS_URL: redis.url };
  const child = fork(fileURLToPath(new URL("broken-streams.test-support.ts", import.meta.url)), {
    env: { ...process.env, ...ours, FACILITATOR_URL: `${url}/facilitator` },
    execArgv: [],
    stdio: ["ignore", "inherit", "ignore", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [{ port }] = await once(child, "message");
  return `http://127.0.0.1:${port}`;
}

test.each(["Express", "Hono", "fetch"])(
  "%s charges nothing for half an answer, and another process serves the next try whole",
  async (framework) => {
    const [breaking, whole] = await Promise.all([startShop(framework, true), startShop(framework, false)]);
    const headers = paymentHeader((await makePayment(await controls.payer())).payload);
    const transfers = controls.counts().transfers;

    const broken = await fetch(`${breaking}/quote`, { headers }).then(
      async (answer) => ({ status: answer.status, text: await answer.text() }),
      () => "cut",
    );
    if (broken !== "cut") expect(broken).toEqual({ status: 500, text: "broken" });
    expect(controls.counts().transfers - transfers).toBe(0);

    const served = await fetch(`${whole}/quote`, { headers });
    expect([served.status, await served.text()]).toEqual([200, "half of it, and the rest"]);
    expect(controls.counts().transfers - transfers).toBe(1);
  },
);
