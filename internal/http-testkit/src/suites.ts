// Tests that the middleware of each framework runs; importing this file needs vitest.
export { twoProcessesSuite } from "./two-processes-suite.ts";
