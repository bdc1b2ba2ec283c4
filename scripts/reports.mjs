// Counts what the test runner reported of one folder, for `npm test`.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Adds up every vitest JSON report in a folder; each run of a configuration must have left one of its own, and what did not
 * counts as a failure. `ms`: how long the tests took when they last ran, in a cached run too.
 */
export function countReports(reports, runs) {
  const sum = { passed: 0, failed: 0, skipped: 0, ms: 0 };
  const files = existsSync(reports) ? readdirSync(reports).filter((name) => name.endsWith(".json")) : [];
  if (files.length !== runs) {
    console.error(`${reports}: ${runs} test reports were to be written; there are ${files.length}`);
    sum.failed += Math.abs(runs - files.length);
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
