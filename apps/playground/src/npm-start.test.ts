// `npm start` that is stopped or killed from outside, as process managers do it: one process is told, and none is left behind.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folder, scripts, started, startedByNpm } from "./testing/npm-start.ts";
import { allGone } from "./testing/run-main.ts";

test("npm gets SIGTERM alone: everything that it started ends", async () => {
  const { child, group, printed } = await startedByNpm();
  expect(printed.match(/\(pid \d+/g)).toHaveLength(3);
  child.kill("SIGTERM");
  await allGone([group], 10_000);
});

test("the script is killed with -9: what it became notices, and ends with all that it started", async () => {
  const args = [join(scripts, "start-built.mjs"), "--port", "0", "--logs", folder];
  const { child, group } = await started(process.execPath, args, /Stop:/);
  child.kill("SIGKILL");
  await allGone([group], 10_000);
});

test("SIGTERM while it builds: the build is stopped, and nothing is started after it", async () => {
  writeFileSync(
    join(folder, "build.mjs"),
    `import { run } from ${JSON.stringify(join(scripts, "bootstrap.mjs"))};
    await run("node", ["-e", "console.log('builds'); setInterval(() => {}, 1_000)"]);
    console.log("goes on");
    setInterval(() => {}, 1_000);`,
  );
  const { child, group } = await started(process.execPath, [join(folder, "build.mjs")], /builds/);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  expect(await ended).toBe(143);
  await allGone([group], 1_000);
});
