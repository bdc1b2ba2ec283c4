import { packageTests } from "../vitest.shared.ts";

// The folders in here are packages of their own: they start servers or install from a registry, and run when a package
// that they look at changed.
export default packageTests({
  // One worker reads and parses the repository once for all files.
  isolate: false,
  maxWorkers: 1,
  include: ["**/*.test.ts"],
  exclude: [
    "**/node_modules/**",
    ...["packed", "differential", "chaos", "deploy", "faults", "monitoring", "shops"].map((folder) => `${folder}/**`),
  ],
});
