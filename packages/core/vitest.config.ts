import { defaultExclude } from "vitest/config";
import { branchCoverage, packageTests } from "../../vitest.shared.ts";

export default packageTests({
  coverage: branchCoverage(95),
  isolate: false,
  maxWorkers: 2,
  // Run by vitest.explore.config.ts, for counting branches makes a search twice as slow.
  exclude: [...defaultExclude, "src/explorer/**"],
});
