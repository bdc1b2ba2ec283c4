// `npm run dev`: builds in watch mode, and reruns the tests that a change touches. Tests see other packages by their builds,
// so they run again once these are fresh. Starts with the tests that uncommitted changes touch. Arguments go to vitest.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { become, ensureInstalled, fail, run, workspaceEnv } from "./bootstrap.mjs";
import { root } from "./workspace-folders.mjs";

await ensureInstalled();
// Here a build overwrites the last one: a test that runs meanwhile finds every file.
const env = { ...workspaceEnv, TOLLBOOTH_DEV: "1" };
if ((await run("turbo", ["run", "build", "--output-logs=errors-only"], { env })) !== 0)
  fail("The build failed; its output is above.");

const builds = spawn(join(root, "node_modules", ".bin", "turbo"), ["watch", "build", "--output-logs=errors-only"], {
  cwd: root,
  env,
  stdio: ["ignore", "inherit", "inherit"],
});
builds.on("exit", (code) => fail(`The builds are no longer watched: turbo ended with ${code}.`));
process.on("exit", () => builds.kill());

become("vitest", ["--watch", "--changed", ...process.argv.slice(2)], { env });
