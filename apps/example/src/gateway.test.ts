// The gateway's program, as an operator starts it: all that it prints is lines of JSON, and a mistake is one of them.
import { fileURLToPath } from "node:url";
import { demoAccount, makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { nowhere, runGateway } from "./testing/gateway-process.ts";

const config = fileURLToPath(new URL("../config/gateway.yaml", import.meta.url));

function start(more: Readonly<Record<string, string>>) {
  const run = runGateway({ ...nowhere, GATEWAY_CONFIG: config, ...more });
  onTestFinished(() => void run.child.kill("SIGKILL"));
  const lines = (): Record<string, unknown>[] =>
    run
      .printed()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { ...run, lines };
}

test("a level that there is not is one line that says which there are, and exit code 2", async () => {
  const { ended, lines, errors } = start({ LOG_LEVEL: "verbose" });
  expect([(await ended).code, errors()]).toEqual([2, ""]);
  const words = "LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.";
  expect(lines()).toMatchObject([{ level: "fatal", msg: words }]);
});

test("what the SDK prints while the facilitator is away is a line of JSON, without its text", async () => {
  const secret = `${nowhere.FACILITATOR_URL}/secret-path`;
  const { child, listening, ended, lines, printed, errors } = start({ FACILITATOR_URL: secret });
  const url = await listening;
  const { payload } = await makePayment(demoAccount("anyone"));
  expect((await fetch(`${url}/quote`, { headers: paymentHeader(payload) })).status).toBe(503);
  child.kill("SIGTERM");
  await ended;
  expect(errors()).toBe("");
  expect(lines().filter(({ msg }) => msg === "console")).toMatchObject([
    { level: "warn", said: "Failed to fetch supported kinds from facilitator" },
  ]);
  expect(lines().find(({ msg }) => msg === "request")).toMatchObject({ status: 503, code: expect.any(String) });
  expect(printed()).not.toContain("secret-path");
});
