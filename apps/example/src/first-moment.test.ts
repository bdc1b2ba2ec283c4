// A signal that comes while the gateway's modules are loaded: a process with PID 1 ignores it where no handler is set yet.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const program = fileURLToPath(new URL("../dist/gateway.js", import.meta.url));

/** Sends it with the first module that the program loads. Without a handler it would end any process but PID 1. */
const early = `import { registerHooks } from "node:module";
let isSent = false;
registerHooks({
  load(url, context, next) {
    if (!isSent && !url.endsWith("/dist/gateway.js")) process.kill(process.pid, "SIGTERM");
    isSent ||= !url.endsWith("/dist/gateway.js");
    return next(url, context);
  },
});`;

test("a SIGTERM with the first module that is loaded is heard, and ends the process at once with exit code 0", async () => {
  const preload = `data:text/javascript,${encodeURIComponent(early)}`;
  const child = spawn(process.execPath, ["--import", preload, program], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    printed += text;
  });
  expect([await once(child, "close"), printed]).toEqual([[0, null], ""]);
});
