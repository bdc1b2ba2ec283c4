import { packageTests } from "../../vitest.shared.ts";

// Tests start real Redis servers and wait for the gateway's own deadlines: on a busy machine that takes a while.
export default packageTests({ testTimeout: 60_000, hookTimeout: 60_000 });
