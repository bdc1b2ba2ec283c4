import { packageTests } from "../vitest.shared.ts";

// packed/ is a package of its own: it installs from a registry and runs only when a published package changed.
export default packageTests({ include: ["**/*.test.ts"], exclude: ["**/node_modules/**", "packed/**"] });
