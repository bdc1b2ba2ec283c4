import { packageTests } from "../../vitest.shared.ts";

// Real servers and real processes: they wait more than they compute.
export default packageTests({ include: ["*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 3 });
