import { packageTests } from "../../vitest.shared.ts";

// Real servers that fail, and real processes; one file at a time, because times to recover are measured.
export default packageTests({
  include: ["**/*.test.ts"],
  testTimeout: 600_000,
  hookTimeout: 120_000,
  fileParallelism: false,
});
