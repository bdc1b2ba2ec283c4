import { packageTests } from "../../vitest.shared.ts";

// Real installs from a registry: generous limits, and one file at a time is all there is.
export default packageTests({ include: ["*.test.ts"], testTimeout: 120_000, hookTimeout: 240_000 });
