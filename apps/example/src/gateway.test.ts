// The gateway's program, as an operator starts it: all that it prints is lines of JSON, and a mistake is one of them.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { demoAccount, makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { expect, onTestFinished, test } from "vitest";

const program = fileURLToPath(new URL("../dist/gateway.js", import.meta.url));
const config = fileURLToPath(new URL("../config/gateway.yaml", import.meta.url));
/** Nothing listens there. */
const away = "http://127.0.0.1:1";

function start(more: Readonly<Record<string, string>>) {
  const env = {
    ...process.env,
    ...{ GATEWAY_CONFIG: config, PORT: "0", METRICS_PORT: "0", SESSION_SECRET: "s".repeat(32) },
    ...{ FACILITATOR_URL: `${away}/secret-path`, CHAIN_URL: away, UPSTREAM_URL: away },
    ...more,
  };
  const child = execFile(process.execPath, [program], { env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  child.stdout?.on("data", (some) => {
    printed += some;
  });
  const errors = child.stderr === null ? "" : text(child.stderr);
  const lines = (): Record<string, unknown>[] =>
    printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { child, ended: once(child, "exit"), lines, printed: () => printed, errors };
}

test("a level that there is not is one line that says which there are, and exit code 2", async () => {
  const { ended, lines, errors } = start({ LOG_LEVEL: "verbose" });
  expect([(await ended)[0], await errors]).toEqual([2, ""]);
  const words = "LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.";
  expect(lines()).toMatchObject([{ level: "fatal", msg: words }]);
});

test("what the SDK prints while the facilitator is away is a line of JSON, without its text", async () => {
  const { child, ended, lines, printed, errors } = start({});
  await expect.poll(printed, { timeout: 30_000 }).toContain("listening");
  const url = String(lines().find(({ msg }) => msg === "listening")?.url);
  const { payload } = await makePayment(demoAccount("anyone"));
  expect((await fetch(`${url}/quote`, { headers: paymentHeader(payload) })).status).toBe(503);
  child.kill("SIGTERM");
  await ended;
  expect(await errors).toBe("");
  expect(lines().filter(({ msg }) => msg === "console")).toMatchObject([
    { level: "warn", said: "Failed to fetch supported kinds from facilitator" },
  ]);
  expect(lines().find(({ msg }) => msg === "request")).toMatchObject({ status: 503, code: expect.any(String) });
  expect(printed()).not.toContain("secret-path");
});
