import { packageTests } from "../../vitest.shared.ts";

// The suites run on a real Redis too.
export default packageTests({ isolate: false, globalSetup: "@tollbooth-stores/redis-testkit/global-setup" });
