import { packageTests } from "../../vitest.shared.ts";

// Tests start real processes, three at a time: on a busy machine that takes a while.
export default packageTests({ testTimeout: 60_000 });
