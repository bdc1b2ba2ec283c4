// A log that cannot be written, as on a full disk: the gateway goes on, and ends when it is told to.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort } from "@tollbooth-stores/redis-testkit";
import { expect, onTestFinished, test } from "vitest";

const program = fileURLToPath(new URL("../dist/gateway.js", import.meta.url));
const config = fileURLToPath(new URL("../config/gateway.yaml", import.meta.url));
const away = "http://127.0.0.1:1";

test("it answers while no line of its log can be written, and a SIGTERM ends it", async () => {
  const port = await freePort();
  const env = {
    ...process.env,
    ...{ GATEWAY_CONFIG: config, PORT: `${port}`, METRICS_PORT: "0", SESSION_SECRET: "s".repeat(32) },
    ...{ FACILITATOR_URL: away, CHAIN_URL: away, UPSTREAM_URL: away },
  };
  // For reading only: each write fails.
  const unwritable = openSync(config, "r");
  const child = spawn(process.execPath, [program], { env, stdio: ["ignore", unwritable, "inherit"] });
  closeSync(unwritable);
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "close");
  const status = () => fetch(`http://127.0.0.1:${port}/healthz`).then((answer) => answer.status);
  await expect.poll(() => status().catch(() => undefined), { timeout: 10_000 }).toBe(200);
  expect(await status(), "after the line of the one before").toBe(200);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
