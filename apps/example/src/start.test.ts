// The gateway's process while it starts: a strict start waits for its Redis, and its exit code says whether to try again.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStandIn } from "@tollbooth-stores/redis-testkit";
import { testConfig } from "@tollbooth-stores/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { type GatewayRun, nowhere, runGateway } from "./testing/gateway-process.ts";

/** A gateway whose stores are strict, on a Redis at this port. */
function strictOn(port: number, connectTimeoutMs: number): GatewayRun {
  const folder = mkdtempSync(join(tmpdir(), "tollbooth-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [config, stores] = [join(folder, "gateway.yaml"), join(folder, "stores.yaml")];
  writeFileSync(config, testConfig);
  writeFileSync(
    stores,
    `stores:\n  strict: true\n  provider: redis\n  redis: { url: "redis://127.0.0.1:${port}", connectTimeoutMs: ${connectTimeoutMs} }\n`,
  );
  const run = runGateway({ ...nowhere, GATEWAY_CONFIG: config, STORES: stores });
  onTestFinished(() => void run.child.kill("SIGKILL"));
  return run;
}

test("a SIGTERM while a strict start waits for its Redis ends it at once, with exit code 0", async () => {
  let arrived = (_: Socket) => {};
  const connected = new Promise<Socket>((resolve) => {
    arrived = resolve;
  });
  // It takes connections, and answers nothing.
  const port = await startStandIn((socket) => arrived(socket), onTestFinished);
  const { child, ended, printed, errors } = strictOn(port, 15_000);
  const socket = await connected;
  onTestFinished(() => void socket.destroy());
  const began = performance.now();
  child.kill("SIGTERM");
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(3_000);
  expect([printed(), errors()]).toEqual([expect.not.stringContaining('"level":"fatal"'), ""]);
});

test("a strict start whose Redis is away ends with exit code 1, which may be tried again, and not as a mistake", async () => {
  const { ended, printed } = strictOn(1, 300);
  expect(await ended).toEqual({ code: 1, signal: null });
  expect(printed()).toMatch(/strict: the stores cannot be reached.*ECONNREFUSED/);
});
