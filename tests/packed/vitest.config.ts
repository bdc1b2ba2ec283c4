import { packageTests } from "../../vitest.shared.ts";

// Real installs from a registry: generous limits.
export default packageTests({ include: ["*.test.ts"], testTimeout: 120_000, hookTimeout: 240_000 });
