import { packageTests } from "../vitest.shared.ts";

// The folders in here are packages of their own: they start servers or install from a registry, and run when a package
// that they look at changed.
export default packageTests({
  include: ["**/*.test.ts"],
  exclude: ["**/node_modules/**", "packed/**", "differential/**", "chaos/**"],
});
