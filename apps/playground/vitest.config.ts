import { packageTests } from "../../vitest.shared.ts";

// Tests start real processes and browsers: on a busy machine that takes a while. They wait more than they compute.
export default packageTests({
  isolate: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  maxWorkers: 2,
  sequence: { groupOrder: 2 },
});
