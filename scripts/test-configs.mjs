// Which vitest configurations `npm test` runs: those that the test scripts of the workspace name.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace-folders.mjs";

/**
 * The configurations that a test script runs, e.g. "vitest run && vitest run --config vitest.explore.config.ts". Throws
 * where it says anything else: a filter on the command line would leave out tests that the configuration includes.
 */
export function configsOf(script) {
  return script.split("&&").map((part) => {
    const command = part.trim();
    const match = /^vitest run(?: --root tests)?(?: --config (\S+))?$/.exec(command);
    if (match === null) throw new Error(`A test script runs \`vitest run [--config <file>]\` only, not "${command}".`);
    return match[1] ?? "vitest.config.ts";
  });
}

/** The configurations of a tested folder, as paths from the root, e.g. "packages/core/vitest.config.ts". */
export function testConfigs(folder) {
  const { scripts } = JSON.parse(readFileSync(join(root, folder === "tests" ? "." : folder, "package.json"), "utf8"));
  return configsOf(folder === "tests" ? scripts["test:repo"] : scripts.test).map((file) => join(folder, file));
}
