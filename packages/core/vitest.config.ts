import { branchCoverage, packageTests } from "../../vitest.shared.ts";

export default packageTests({ coverage: branchCoverage(95) });
