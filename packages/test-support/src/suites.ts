// Tests that several packages run; importing this file needs vitest.
export { connectionSuite, type ProviderUnderTest } from "./connection-suite.ts";
