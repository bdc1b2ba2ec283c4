import { packageTests } from "../../vitest.shared.ts";

// A worker for each file: a test that counts timers on a stepped clock would count those of the files before it.
export default packageTests({ globalSetup: "@tollbooth-stores/redis-testkit/global-setup", maxWorkers: 2 });
