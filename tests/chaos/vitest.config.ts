import { packageTests } from "../../vitest.shared.ts";

// Real processes that are killed, and leases that end by themselves.
export default packageTests({ include: ["*.test.ts"], testTimeout: 240_000, hookTimeout: 60_000 });
