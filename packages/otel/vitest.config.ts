import { packageTests } from "../../vitest.shared.ts";

// A worker for each file: a faked `performance` stays with the modules that were loaded meanwhile.
export default packageTests();
