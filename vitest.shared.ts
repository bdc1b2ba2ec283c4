// What every package's test run has in common: the two tiers, the report that `npm test` counts, and a failing empty run.
import { defaultExclude, defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from "vitest/config";

type TestOptions = NonNullable<ViteUserConfig["test"]>;

/**
 * Whether everything runs (`npm run test:all`) or the tier of every day (`npm test`). The variable is the one switch: turbo
 * hashes it, so that neither tier is served from the other's cache.
 */
function isEverything(): boolean {
  return process.env.TOLLBOOTH_TESTS === "all";
}

/**
 * A vitest configuration; `test` is merged over the shared settings. `*.long.test.ts` files are for `test:all` alone. Where
 * tests put back what they replace of the process, `isolate: false` runs all files in one worker: starting one for each file
 * would take longer than most of the files. There `vi.mock` does not reach modules that an earlier file has loaded.
 */
export function packageTests({ exclude = defaultExclude, ...test }: TestOptions = {}): ViteUserConfig {
  return defineConfig({
    test: {
      include: ["src/**/*.test.ts"],
      exclude: isEverything() ? exclude : [...exclude, "**/*.long.test.ts"],
      reporters: ["default", ["json", { outputFile: ".reports/vitest.json" }]],
      passWithNoTests: false,
      testTimeout: 20_000,
      ...test,
    },
  });
}

/** A package's tests in several settings, e.g. on each major of a library: `always`, and `inTestAll` for `test:all` alone. */
export function lanes(
  always: readonly TestProjectInlineConfiguration[],
  inTestAll: readonly TestProjectInlineConfiguration[],
): TestProjectInlineConfiguration[] {
  return isEverything() ? [...always, ...inTestAll] : [...always];
}

/** A lane for `test:all`, of which every run has the files with these names: those that a library's versions differ in. */
export function mostlyInTestAll(
  lane: TestProjectInlineConfiguration,
  always: readonly string[],
): TestProjectInlineConfiguration {
  if (isEverything()) return lane;
  return { ...lane, test: { ...lane.test, exclude: [`src/**/!(${always.join("|")}).test.ts`] } };
}

/** Fails the run where fewer branches of the package's own code, tests and their support aside, were taken. */
export function branchCoverage(percent: number): NonNullable<TestOptions["coverage"]> {
  return {
    enabled: true,
    provider: "v8",
    reporter: ["text-summary"],
    include: ["src/**/*.ts"],
    exclude: ["**/*.test.ts", "**/*.test-support.ts", "src/explorer/**", "src/**/testing/**"],
    thresholds: { branches: percent },
  };
}
