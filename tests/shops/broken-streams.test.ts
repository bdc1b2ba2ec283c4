// An answer whose stream breaks in one process, behind the real gate over Redis: not charged, and served whole by the other process at the
// next try of the same payment.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
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

interface Received {
  /** Undefined where no byte of an answer arrived. */
  status: number | undefined;
  body: string;
  /** How many payments were charged when the first byte arrived. */
  chargedAtFirstByte: number | undefined;
}

/** All bytes of the answer as they arrive, also where it is cut. */
function receive(shop: string, headers: Record<string, string>): Promise<Received> {
  const before = controls.counts().transfers;
  let text = "";
  let chargedAtFirstByte: number | undefined;
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(shop).port), "127.0.0.1", () => {
      const lines = Object.entries({ host: "shop", connection: "close", ...headers });
      socket.write(`GET /quote HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    });
    socket.on("data", (bytes) => {
      chargedAtFirstByte ??= controls.counts().transfers - before;
      text += bytes.toString();
    });
    socket
      .on("error", () => undefined)
      .on("close", () => {
        const status = text === "" ? undefined : Number(text.split(" ")[1]);
        resolve({ status, body: text.split("\r\n\r\n").slice(1).join("\r\n\r\n"), chargedAtFirstByte });
      });
  });
}

/** Express breaks off before the first byte; the others have an error handler. */
const nothing: Received = { status: undefined, body: "", chargedAtFirstByte: undefined };
const failed: Received = { status: 500, body: "broken", chargedAtFirstByte: 0 };

test.each([
  ["Express", nothing],
  ["Hono", failed],
  ["fetch", failed],
])(
  "%s charges nothing for half an answer, and another process serves the next try whole",
  async (framework, broken) => {
    const [breaking, whole] = await Promise.all([startShop(framework, true), startShop(framework, false)]);
    const headers = paymentHeader((await makePayment(await controls.payer())).payload);
    const transfers = () => controls.counts().transfers;
    const before = transfers();

    expect(await receive(breaking, headers)).toEqual(broken);
    expect(transfers() - before).toBe(0);

    // Had the answer begun before it was charged, its first byte would be here before the settlement is over.
    await controls.fault({ on: "settle", delayMs: 150, times: 1 });
    expect(await receive(whole, headers)).toEqual({
      status: 200,
      body: "half of it, and the rest",
      chargedAtFirstByte: 1,
    });
    expect(transfers() - before).toBe(1);
  },
);
