import { packageTests } from "../../vitest.shared.ts";

export default packageTests({
  isolate: false,
  globalSetup: "@tollbooth-stores/redis-testkit/global-setup",
  maxWorkers: 2,
});
