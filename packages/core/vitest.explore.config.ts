// The explorer's long run: larger budgets, minutes instead of seconds. `pnpm --filter @tollbooth-stores/core explore`.
import { packageTests } from "../../vitest.shared.ts";

export default packageTests({
  include: ["src/explorer/*.test.ts"],
  env: { EXPLORE: "long" },
  reporters: ["default"],
  // Each file holds millions of states.
  maxWorkers: 1,
});
