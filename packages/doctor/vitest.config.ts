import { packageTests } from "../../vitest.shared.ts";

// They start servers and processes.
export default packageTests({ maxWorkers: 2 });
