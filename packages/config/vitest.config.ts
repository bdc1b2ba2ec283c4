import { packageTests } from "../../vitest.shared.ts";

export default packageTests({ globalSetup: "@tollbooth-stores/test-support/global-setup" });
