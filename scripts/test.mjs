// `npm test`: installs, builds, lints, type-checks and runs the tests, then counts what the test runner reported: by package,
// and in the last line, `N passed, N failed, N skipped`. A run of vitest that left no report counts as a failure. What takes long
// is left to `npm run test:all` (--all), and named; so is what neither runs.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, run, workspaceEnv } from "./bootstrap.mjs";
import { foundVersionLine } from "./redis-version.mjs";
import { countReports } from "./reports.mjs";
import { testConfigs } from "./test-configs.mjs";
import { root, testedFolders } from "./workspace-folders.mjs";

const all = process.argv.includes("--all") || process.env.TOLLBOOTH_TESTS === "all";
await ensureInstalled();
const folders = testedFolders();
for (const folder of folders) rmSync(join(root, folder, ".reports"), { recursive: true, force: true });
const tasks = ["build", "lint", "unused", "typecheck", "typecheck:repo", "test", "test:repo"];
// No more at once than there are cores: tests that wait for deadlines are tests of time.
const turbo = ["run", ...tasks, "--continue", "--concurrency=100%", "--output-logs=new-only"];
const env = {
  ...workspaceEnv,
  TOLLBOOTH_REDIS_VERSION: foundVersionLine(),
  ...(all && { TOLLBOOTH_TESTS: "all" }),
};
const status = await run("turbo", turbo, { env });

const total = { passed: 0, failed: 0, skipped: 0 };
console.log("\nSeconds  Tests  Package");
for (const folder of folders) {
  const sum = countReports(join(root, folder, ".reports"), testConfigs(folder).length);
  for (const key of Object.keys(total)) total[key] += sum[key];
  const tests = sum.passed + sum.failed + sum.skipped;
  console.log(`${(sum.ms / 1_000).toFixed(1).padStart(7)}  ${String(tests).padStart(5)}  ${folder}`);
}
const named = await run("node", ["scripts/left-out.mjs"], { env });
if (named !== 0) console.error("What is left out could not be named; the reason is above.");
if (status !== 0) console.error("A task failed; its output is above.");
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = status !== 0 || named !== 0 || total.failed > 0 || total.passed === 0 ? 1 : 0;
