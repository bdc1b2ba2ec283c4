import { packageTests } from "../../vitest.shared.ts";

// Real servers.
export default packageTests({ include: ["*.test.ts"], testTimeout: 60_000, hookTimeout: 150_000, maxWorkers: 2 });
