// No test vanishes: every test file of the repository is included by a vitest configuration that a test script runs, and every
// run of one leaves a report that `npm test` counts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { countReports } from "../scripts/reports.mjs";
import { configsOf, testConfigs } from "../scripts/test-configs.mjs";
import { byHand } from "../scripts/tiers.mjs";
import { filesBelow, root, testedFolders } from "../scripts/workspace-folders.mjs";

/** The test files that vitest finds by these configurations, in the tier that runs everything. */
function included(configs: readonly string[]): ReadonlySet<string> {
  const folder = mkdtempSync(join(tmpdir(), "tollbooth-test-files-"));
  const config = join(folder, "vitest.config.mjs");
  writeFileSync(
    config,
    `export default ${JSON.stringify({ test: { projects: configs.map((of) => join(root, of)) } })};`,
  );
  try {
    const args = ["list", "--filesOnly", "--json", "--root", root, "--config", config];
    const env = { ...process.env, TOLLBOOTH_TESTS: "all" };
    const listed = execFileSync(join(root, "node_modules", ".bin", "vitest"), args, { encoding: "utf8", env });
    const entries: { file: string }[] = JSON.parse(listed);
    return new Set(entries.map(({ file }) => relative(root, file)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("test files", () => {
  it("are all run, whatever their names end with", () => {
    const tests = filesBelow(".").filter((file) => /\.(test|spec)\.[cm]?[jt]sx?$/.test(file));
    expect(tests.length).toBeGreaterThan(200);
    const run = included(testedFolders().flatMap(testConfigs));
    expect(tests.filter((file) => !run.has(file))).toEqual([]);
  });
});

describe("test scripts", () => {
  it("name the configurations that they run", () => {
    expect(configsOf("vitest run --root tests")).toEqual(["vitest.config.ts"]);
    expect(configsOf("vitest run && vitest run --config vitest.explore.config.ts")).toEqual([
      "vitest.config.ts",
      "vitest.explore.config.ts",
    ]);
  });

  it.each([
    "vitest run src/session",
    "vitest run --project short",
    "vitest run || true",
    "vitest",
    "echo vitest run",
    "",
  ])("that leave tests out are refused: %j", (script) => {
    expect(() => configsOf(script)).toThrow("A test script runs");
  });
});

describe("reports", () => {
  let folder = "";
  const times = { startTime: 1_000, testResults: [{ endTime: 3_000 }] };
  const write = (name: string, report: object) => writeFileSync(join(folder, name), JSON.stringify(report));
  const passing = {
    success: true,
    numPassedTests: 2,
    numFailedTests: 0,
    numPendingTests: 1,
    numTodoTests: 0,
    ...times,
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollbooth-reports-"));
    vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    vi.restoreAllMocks();
  });

  it("are added up", () => {
    write("vitest.json", passing);
    write("explore.json", { ...passing, success: false, numFailedTests: 3 });
    expect(countReports(folder, 2)).toEqual({ passed: 4, failed: 3, skipped: 2, ms: 4_000 });
    expect(console.error).not.toHaveBeenCalled();
  });

  it("that are missing count as failures, one for each run without", () => {
    write("vitest.json", passing);
    expect(countReports(folder, 2)).toMatchObject({ passed: 2, failed: 1 });
    expect(countReports(join(folder, "missing"), 1)).toMatchObject({ passed: 0, failed: 1 });
    expect(console.error).toHaveBeenCalledTimes(2);
  });

  it("of files that could not be loaded count as failures", () => {
    write("vitest.json", { ...passing, success: false, numFailedTestSuites: 2 });
    expect(countReports(folder, 1)).toMatchObject({ failed: 2 });
  });
});

describe("what neither tier runs", () => {
  it.each(byHand)("$script in $folder is a script that exists", ({ folder, script }) => {
    const { scripts } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    expect(scripts).toHaveProperty([script]);
  });
});
