// All packages' tests in one vitest, for `npm run dev`: it watches them together. `npm test` runs each package on its own.
import { defineConfig } from "vitest/config";
import { testConfigs } from "./scripts/test-configs.mjs";
import { testedFolders } from "./scripts/workspace-folders.mjs";
import { programTriggers } from "./tests/program-tests.ts";

/** Packs and installs for a minute; what it tests is the published form, which no edit of a source file touches. */
const notWatched = ["tests/packed"];

export default defineConfig({
  test: {
    projects: testedFolders()
      .filter((folder) => !notWatched.includes(folder))
      .flatMap(testConfigs)
      .map((file) => `./${file}`),
    passWithNoTests: true,
    watchTriggerPatterns: programTriggers,
  },
});
