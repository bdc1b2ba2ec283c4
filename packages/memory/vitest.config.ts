import { branchCoverage, packageTests } from "../../vitest.shared.ts";

export default packageTests({ isolate: false, coverage: branchCoverage(95) });
