// `npm test`: installs, builds, lints, type-checks and runs every test, then counts what the test runner reported.
// The last line is `N passed, N failed, N skipped`; a test task that left no report counts as a failure.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, run } from "./bootstrap.mjs";
import { root, testedFolders } from "./workspace-folders.mjs";

/** Adds up every vitest JSON report of one folder. */
function count(folder) {
  const reports = join(root, folder, ".reports");
  const sum = { passed: 0, failed: 0, skipped: 0 };
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
    // A file that could not even be loaded has no failed tests of its own.
    if (!report.success && report.numFailedTests === 0) sum.failed += Math.max(1, report.numFailedTestSuites);
  }
  return sum;
}

ensureInstalled();
const folders = testedFolders();
for (const folder of folders) rmSync(join(root, folder, ".reports"), { recursive: true, force: true });
const status = run("turbo", [
  "run",
  "build",
  "lint",
  "unused",
  "typecheck",
  "typecheck:repo",
  "test",
  "test:repo",
  "--continue",
  // No more at once than there are cores: tests that wait for deadlines are tests of time.
  "--concurrency=100%",
  "--output-logs=new-only",
]);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const folder of folders) {
  const sum = count(folder);
  for (const key of Object.keys(total)) total[key] += sum[key];
}
if (status !== 0) console.error("A task failed; its output is above.");
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = status !== 0 || total.failed > 0 || total.passed === 0 ? 1 : 0;
