import { packageTests } from "../../vitest.shared.ts";

// Much of it waits: two files at a time, on two cores as well.
export default packageTests({ isolate: false, maxWorkers: 2 });
