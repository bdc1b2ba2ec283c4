import { packageTests } from "../../vitest.shared.ts";

export default packageTests({ globalSetup: "@tollbooth-stores/redis-testkit/global-setup", maxWorkers: 2 });
