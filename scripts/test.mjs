// `npm test`: installs, builds, lints, type-checks and runs the tests, then counts what the test runner reported: by package,
// and in the last line, `N passed, N failed, N skipped`. A test task that left no report counts as a failure. What takes long is
// left to `npm run test:all` (--all), and named.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, run, workspaceEnv } from "./bootstrap.mjs";
import { root, testedFolders } from "./workspace-folders.mjs";

/** Adds up every vitest JSON report of one folder. `ms`: how long the tests took when they last ran, in a cached run too. */
function count(folder) {
  const reports = join(root, folder, ".reports");
  const sum = { passed: 0, failed: 0, skipped: 0, ms: 0 };
  const files = existsSync(reports) ? readdirSync(reports).filter((name) => name.endsWith(".json")) : [];
  if (files.length === 0) {
    console.error(`${folder}: no test report was written`);
    sum.failed += 1;
  }
  for (const file of files) {
    const report = JSON.parse(readFileSync(join(reports, file), "utf8"));
    sum.passed += report.numPassedTests;
    sum.failed += report.numFailedTests;
    sum.skipped += report.numPendingTests + report.numTodoTests;
    sum.ms += Math.max(report.startTime, ...report.testResults.map(({ endTime }) => endTime)) - report.startTime;
    // A file that could not even be loaded has no failed tests of its own.
    if (!report.success && report.numFailedTests === 0) sum.failed += Math.max(1, report.numFailedTestSuites);
  }
  return sum;
}

const all = process.argv.includes("--all") || process.env.TOLLBOOTH_TESTS === "all";
ensureInstalled();
const folders = testedFolders();
for (const folder of folders) rmSync(join(root, folder, ".reports"), { recursive: true, force: true });
const tasks = ["build", "lint", "unused", "typecheck", "typecheck:repo", "test", "test:repo"];
// No more at once than there are cores: tests that wait for deadlines are tests of time.
const turbo = ["run", ...tasks, "--continue", "--concurrency=100%", "--output-logs=new-only"];
const env = all ? { ...workspaceEnv, TOLLBOOTH_TESTS: "all" } : workspaceEnv;
const status = run("turbo", turbo, { env });

const total = { passed: 0, failed: 0, skipped: 0 };
console.log("\nSeconds  Tests  Package");
for (const folder of folders) {
  const sum = count(folder);
  for (const key of Object.keys(total)) total[key] += sum[key];
  const tests = sum.passed + sum.failed + sum.skipped;
  console.log(`${(sum.ms / 1_000).toFixed(1).padStart(7)}  ${String(tests).padStart(5)}  ${folder}`);
}
if (!all) run("node", ["scripts/left-out.mjs"]);
if (status !== 0) console.error("A task failed; its output is above.");
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = status !== 0 || total.failed > 0 || total.passed === 0 ? 1 : 0;
