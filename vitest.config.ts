// All packages' tests in one vitest, for `npm run dev`: it watches them together. `npm test` runs each package on its own.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { root, testedFolders } from "./scripts/workspace-folders.mjs";

/** Packs and installs for a minute; what it tests is the published form, which no edit of a source file touches. */
const notWatched = ["tests/packed"];

export default defineConfig({
  test: {
    projects: testedFolders()
      .filter((folder) => !notWatched.includes(folder))
      .flatMap((folder) => ["vitest.config.ts", "vitest.explore.config.ts"].map((file) => `./${folder}/${file}`))
      .filter((file) => existsSync(join(root, file))),
    passWithNoTests: true,
  },
});
