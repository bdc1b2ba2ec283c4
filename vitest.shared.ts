// What every package's test run has in common: the report that `npm test` counts, and a failing empty run.
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** A vitest configuration; `test` is merged over the shared settings. */
export function packageTests(test: ViteUserConfig["test"] = {}): ViteUserConfig {
  return defineConfig({
    test: {
      include: ["src/**/*.test.ts"],
      reporters: ["default", ["json", { outputFile: ".reports/vitest.json" }]],
      passWithNoTests: false,
      testTimeout: 20_000,
      ...test,
    },
  });
}

/** Fails the run where fewer branches of the package's own code, tests and their support aside, were taken. */
export function branchCoverage(percent: number): NonNullable<NonNullable<ViteUserConfig["test"]>["coverage"]> {
  return {
    enabled: true,
    provider: "v8",
    reporter: ["text-summary"],
    include: ["src/**/*.ts"],
    exclude: ["**/*.test.ts", "**/*.test-support.ts", "src/explorer/**", "src/**/testing/**"],
    thresholds: { branches: percent },
  };
}
