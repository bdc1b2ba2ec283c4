// The gateway's process while it starts: a strict start waits for its Redis, and its exit code says whether to try again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testConfig } from "@tollbooth-stores/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { program } from "./testing/gateway-process.ts";

const urls = {
  FACILITATOR_URL: "http://127.0.0.1:1",
  CHAIN_URL: "http://127.0.0.1:1",
  UPSTREAM_URL: "http://127.0.0.1:1",
};

/** A gateway whose stores are strict, on a Redis at this port. */
async function strictOn(port: number, connectTimeoutMs: number) {
  const folder = mkdtempSync(join(tmpdir(), "tollbooth-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [config, stores] = [join(folder, "gateway.yaml"), join(folder, "stores.yaml")];
  writeFileSync(config, testConfig);
  writeFileSync(
    stores,
    `stores:\n  strict: true\n  provider: redis\n  redis: { url: "redis://127.0.0.1:${port}", connectTimeoutMs: ${connectTimeoutMs} }\n`,
  );
  const env = {
    ...process.env,
    ...urls,
    SESSION_SECRET: "0123456789".repeat(4),
    GATEWAY_CONFIG: config,
    STORES: stores,
  };
  const child = spawn(process.execPath, [program], {
    env: { ...env, PORT: "0", METRICS_PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    printed += text;
  });
  const ended = once(child, "close");
  return { child, ended, printed: () => printed };
}

test("a SIGTERM while a strict start waits for its Redis ends it at once, with exit code 0", async () => {
  // It takes connections, and answers nothing.
  const silent = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void silent.close());
  const connected = once(silent, "connection");
  await once(silent, "listening");
  const address = silent.address();
  const { child, ended, printed } = await strictOn(typeof address === "object" ? (address?.port ?? 0) : 0, 15_000);
  const [socket] = await connected;
  onTestFinished(() => socket.destroy());
  const began = performance.now();
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(printed()).not.toContain('"level":"fatal"');
});

test("a strict start whose Redis is away ends with exit code 1, which may be tried again, and not as a mistake", async () => {
  const { ended, printed } = await strictOn(1, 300);
  expect(await ended).toEqual([1, null]);
  expect(printed()).toMatch(/strict: the stores cannot be reached.*ECONNREFUSED/);
});
