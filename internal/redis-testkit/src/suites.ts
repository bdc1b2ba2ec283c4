// Tests that several packages run; importing this file needs vitest.

export type { ClientHarnessOptions } from "./client-provider.ts";
export { closingSuite } from "./closing-suite.ts";
export { clusterRecoverySuite } from "./cluster-recovery-suite.ts";
export { type BorrowCluster, type BorrowedCluster, clusterSuite } from "./cluster-suite.ts";
export { coalescingSuite } from "./coalescing-suite.ts";
export { conformanceSuites, failingServerSuite } from "./conformance-suites.ts";
export { connectionEventsSuite } from "./connection-events-suite.ts";
export { connectionSuite } from "./connection-suite.ts";
export { doctorBorrowedSuite } from "./doctor-borrowed-suite.ts";
export { doctorClusterReplicaSuite, doctorReplicaSuite } from "./doctor-replica-suite.ts";
export { doctorSuite } from "./doctor-suite.ts";
export { doctorTopologySuite } from "./doctor-topology-suite.ts";
export { doctorTroubleSuite } from "./doctor-trouble-suite.ts";
export { failoverSuite } from "./failover-suite.ts";
export { fullMemorySuite } from "./full-memory-suite.ts";
export { keptResultSuite } from "./kept-result-suite.ts";
export { listingSuite } from "./listing-suite.ts";
export { readinessSuite } from "./readiness-suite.ts";
export { recoverySuite } from "./recovery-suite.ts";
export { replicaSuite } from "./replica-suite.ts";
export { reshardingSuite } from "./resharding-suite.ts";
export { roundTripSuite } from "./round-trip-suite.ts";
export { sentinelSuite } from "./sentinel-suite.ts";
export { sessionSuite } from "./session-suite.ts";
export { clusterConformance, clusterConformanceInShort, sentinelConformance } from "./topology-conformance.ts";
export { wrongConnectionSuite } from "./wrong-connection-suite.ts";
export { wrongTopologySuite } from "./wrong-topology-suite.ts";
