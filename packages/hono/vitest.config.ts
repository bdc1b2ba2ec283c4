import { packageTests } from "../../vitest.shared.ts";

export default packageTests({ maxWorkers: 2 });
