// `npm test`: installs, builds, lints, type-checks, then runs the tests, the longest first, and counts what the test runner
// reported: by package as each ends, and in the last line, `N passed, N failed, N skipped`. A run of vitest that left no report counts as
// a failure. What takes long is left to `npm run test:all` (--all), and named; so is what neither runs.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ensureInstalled, fail, run, workspaceEnv } from "./bootstrap.mjs";
import { foundVersionLine } from "./redis-version.mjs";
import { countReports } from "./reports.mjs";
import { testConfigs } from "./test-configs.mjs";
import { testHashes } from "./test-hashes.mjs";
import { inOrder, testOrder } from "./test-order.mjs";
import { root, testedFolders } from "./workspace-folders.mjs";

const all = process.argv.includes("--all") || process.env.TOLLBOOTH_TESTS === "all";
await ensureInstalled();
for (const folder of testedFolders()) rmSync(join(root, folder, ".reports"), { recursive: true, force: true });
const env = {
  ...workspaceEnv,
  TOLLBOOTH_REDIS_VERSION: foundVersionLine(),
  ...(all && { TOLLBOOTH_TESTS: "all" }),
};
// No more at once than there are cores: tests that wait for deadlines are tests of time.
const atOnce = availableParallelism();
const checks = ["build", "lint", "unused", "typecheck", "typecheck:repo"];
const turbo = ["run", ...checks, "--continue", `--concurrency=${atOnce}`, "--output-logs=new-only"];
const checked = await run("turbo", turbo, { env });
// Tests on the builds of other sources would prove nothing, and would be kept in the cache as passed.
if (checked !== 0 && (await run("turbo", ["run", "build", "--output-logs=none"], { env })) !== 0)
  fail("A build failed; its output is above. Nothing was tested.");

const logs = join(root, "node_modules", ".tollbooth-test-logs");
mkdirSync(logs, { recursive: true });
const hashes = testHashes(env);
/**
 * Runs a folder's tests, or takes their result from turbo's cache; prints what was said only where they fail. Not its builds
 * again (`--only`): turbo would write them anew while other tests read them. Gives the exit status.
 */
async function test(folder) {
  const file = join(logs, folder.replaceAll("/", "-"));
  const log = openSync(file, "w");
  const task = folder === "tests" ? ["test:repo"] : ["test", `--filter=./${folder}`];
  const options = { env: { ...env, TOLLBOOTH_TEST_HASH: hashes.get(folder) }, stdio: ["ignore", log, log] };
  const status = await run("turbo", ["run", ...task, "--only"], options);
  closeSync(log);
  if (status !== 0) console.error(`\n${readFileSync(file, "utf8")}\n${folder}: failed; its output is above.\n`);
  return status;
}

const total = { passed: 0, failed: 0, skipped: 0 };
/** Prints the line of a folder whose tests have ended, and adds them up. */
function count(folder) {
  const sum = countReports(join(root, folder, ".reports"), testConfigs(folder).length);
  for (const key of Object.keys(total)) total[key] += sum[key];
  const tests = sum.passed + sum.failed + sum.skipped;
  console.log(`${(sum.ms / 1_000).toFixed(1).padStart(7)}  ${String(tests).padStart(5)}  ${folder}`);
}

console.log("\nSeconds  Tests  Package");
const statuses = await inOrder(testOrder(), atOnce, async (folder) => {
  const status = await test(folder);
  count(folder);
  return status;
});
const failed = checked !== 0 || statuses.some((status) => status !== 0);

const named = await run("node", ["scripts/left-out.mjs"], { env });
if (named !== 0) console.error("What is left out could not be named; the reason is above.");
if (failed) console.error("A task failed; its output is above.");
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = failed || named !== 0 || total.failed > 0 || total.passed === 0 ? 1 : 0;
