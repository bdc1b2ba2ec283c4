import { packageTests } from "../../vitest.shared.ts";

export default packageTests({ include: ["*.test.ts"], globalSetup: "@tollbooth-stores/redis-testkit/global-setup" });
