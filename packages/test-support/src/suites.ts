// Tests that several packages run; importing this file needs vitest.
export { type BorrowedCluster, type ClusterProviderUnderTest, clusterSuite } from "./cluster-suite.ts";
export { connectionSuite, type ProviderUnderTest } from "./connection-suite.ts";
